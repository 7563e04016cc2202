/** Handlebars' parser alone: the package has no types for this part of it. */
declare module 'handlebars/dist/cjs/handlebars/compiler/base.js' {
  /** Throws an Error whose message has several lines for a text that is no template. */
  export function parseWithoutProcessing(text: string): {
    readonly body: readonly import('../names/template-parse.ts').TemplateNode[];
  };
}
