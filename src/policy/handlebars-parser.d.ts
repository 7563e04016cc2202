/** Types of Handlebars' parser, for which the package has none. */
declare module 'handlebars/dist/cjs/handlebars/compiler/base.js' {
  /** Throws an Error with a message of several lines if the text is not a template. */
  export function parseWithoutProcessing(text: string): {
    readonly body: readonly import('./template.ts').TemplateNode[];
  };
}
