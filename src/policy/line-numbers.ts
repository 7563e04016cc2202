/** Finds the line of each key in a TOML text. Only for texts that smol-toml has accepted: the syntax is not checked. */

/** Keys and list indexes from the top: `['link', 0, 'match', 'vendor']`. */
export type KeyPath = readonly (string | number)[];

/** More than any key of a policy has: `names.by-alias.NAME.not.FACT` has five. */
export const MAX_KEY_PARTS = 8;

/**
 * Returns the line of the first key with more than MAX_KEY_PARTS parts, `undefined` if there is none. Takes linear time for
 * any text, TOML or not; ends at a string without its end, which the parser reports.
 */
export function lineOfDeepKey(text: string): number | undefined {
  const token =
    /\n|[ \t\r]+|#[^\n]*|"{3}(?:[^"\\]|\\[\s\S]|"(?!""))*"{3,5}|'{3}(?:[^']|'(?!''))*'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[A-Za-z0-9_-]+|[\s\S]/gu;
  let [line, dots] = [1, 0];
  for (let found = token.exec(text); found !== null; found = token.exec(text)) {
    const [piece] = found;
    if (piece === '.') {
      if (++dots >= MAX_KEY_PARTS) return line;
    } else if (piece === '"' || piece === "'") return undefined;
    else if (!/^[\w "'\t-]/.test(piece)) dots = 0;
    for (let at = piece.indexOf('\n'); at >= 0; at = piece.indexOf('\n', at + 1)) line++;
  }
  return undefined;
}

/** Returns a function that gives the line of a key, from 1; for a missing key, the line of the nearest enclosing table. */
export function keyLineFinder(text: string): (path: KeyPath) => number {
  const lines = new Outline(text).read();
  return (path) => {
    for (let length = path.length; length > 0; length--) {
      const line = lines.get(JSON.stringify(path.slice(0, length)));
      if (line !== undefined) return line;
    }
    return 1;
  };
}

/** Scans the text once and records the line of each key. */
class Outline {
  readonly #text: string;
  readonly #lines = new Map<string, number>();
  /** The number of tables of each `[[list]]` so far. */
  readonly #lists = new Map<string, number>();
  #at = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  read(): ReadonlyMap<string, number> {
    let table: KeyPath = [];
    for (this.#blanks(); this.#at < this.#text.length; this.#blanks()) {
      const before = this.#at;
      if (this.#next() === '[') table = this.#header();
      else this.#pair(table);
      if (this.#at === before) this.#step();
    }
    return this.#lines;
  }

  #next(): string {
    return this.#text[this.#at] ?? '';
  }

  #step(count = 1): void {
    for (let left = count; left > 0 && this.#at < this.#text.length; left--) {
      if (this.#next() === '\n') this.#line++;
      this.#at++;
    }
  }

  #has(text: string): boolean {
    return this.#text.startsWith(text, this.#at);
  }

  #skip(pattern: RegExp): string {
    const rest = new RegExp(pattern.source, 'uy');
    rest.lastIndex = this.#at;
    const found = rest.exec(this.#text)?.[0] ?? '';
    this.#step(found.length);
    return found;
  }

  #blanks(): void {
    this.#skip(/(?:\s|#[^\n]*)*/);
  }

  #record(path: KeyPath, line: number): void {
    const key = JSON.stringify(path);
    if (!this.#lines.has(key)) this.#lines.set(key, line);
  }

  /** Reads `[a.b]` or `[[a.b]]`; returns the path of the table that follows. */
  #header(): KeyPath {
    const line = this.#line;
    const isList = this.#has('[[');
    this.#step(isList ? 2 : 1);
    const keys = this.#keys();
    this.#skip(/\]*/);
    const path: (string | number)[] = [];
    for (const [index, key] of keys.entries()) {
      path.push(key);
      const name = JSON.stringify(path);
      const seen = this.#lists.get(name) ?? 0;
      const opens = isList && index === keys.length - 1;
      if (opens) this.#lists.set(name, seen + 1);
      this.#record(path, line);
      if (opens || seen > 0) path.push(opens ? seen : seen - 1);
    }
    this.#record(path, line);
    return path;
  }

  /** Reads `a.b = value`. */
  #pair(table: KeyPath): void {
    const line = this.#line;
    const path: (string | number)[] = [...table];
    for (const key of this.#keys()) {
      path.push(key);
      this.#record(path, line);
    }
    this.#skip(/=?[ \t]*/);
    this.#value(path);
  }

  #keys(): string[] {
    const keys: string[] = [];
    do {
      this.#skip(/[ \t.]*/);
      const found = this.#skip(/"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[A-Za-z0-9_-]+/);
      if (found === '') break;
      keys.push(plainKey(found));
      this.#skip(/[ \t]*/);
    } while (this.#next() === '.');
    return keys;
  }

  #value(path: KeyPath): void {
    this.#record(path, this.#line);
    if (this.#has('"""')) this.#skip(/"""(?:[^\\]|\\[\s\S])*?"""+/);
    else if (this.#has("'''")) this.#skip(/'''[\s\S]*?'''+/);
    else if (this.#next() === '[') this.#members(']', (index) => this.#value([...path, index]));
    else if (this.#next() === '{') this.#members('}', () => this.#pair(path));
    else this.#skip(/"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[^,\]}\n#]*/);
  }

  #members(end: string, member: (index: number) => void): void {
    this.#step();
    for (let index = 0; ; index++) {
      this.#blanks();
      if (this.#next() === end || this.#at >= this.#text.length) break;
      const before = this.#at;
      member(index);
      this.#blanks();
      if (this.#next() === ',' || this.#at === before) this.#step();
    }
    this.#step();
  }
}

function plainKey(found: string): string {
  if (found.startsWith("'")) return found.slice(1, -1);
  if (!found.startsWith('"')) return found;
  try {
    return String(JSON.parse(found));
  } catch {
    // TOML has a few escapes that JSON does not have; the line of such a key is not found.
    return found;
  }
}
