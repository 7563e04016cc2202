/**
 * Whether this machine stores the low byte of a number first. Structs of the kernel are in the order of the machine, and s390x,
 * which has VFIO devices of its own, stores the high byte first.
 */
export const isLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
