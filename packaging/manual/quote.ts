/** Quotes text for the shells of the completions. */

/** Quotes text in single quotes for fish. */
export function quoteFish(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}

/** Escapes text inside a single-quoted specification of zsh's _arguments, where brackets and colons are special. */
export function quoteZshArgument(text: string): string {
  return text.replace(/[\\[\]:]/g, '\\$&').replaceAll("'", "'\\''");
}
