/** Texts quoted for the shells of the completions. Pure. */

/** In single quotes for fish. */
export function quoteFish(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}

/** Within a specification of _arguments that is in single quotes: brackets and colons have a meaning there. */
export function quoteZshArgument(text: string): string {
  return text.replace(/[\\[\]:]/g, '\\$&').replaceAll("'", "'\\''");
}
