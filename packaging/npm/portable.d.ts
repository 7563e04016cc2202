/** What src/ uses of an engine beside ECMAScript; system/quickjs must provide it. */
interface AbortSignal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once?: boolean }): void;
}

declare class AbortController {
  readonly signal: AbortSignal;
  abort(): void;
}
