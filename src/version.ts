/** The version of vfio-names and vfio_id; a test compares it with package.json. */
export const version = '0.1.0';
