// Generates code before a build: the policy's validator from its JSON Schema, and a module with the templates.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';

export async function generate() {
  generateTemplates();
  const schemaPath = 'src/policy/policy.schema.json';
  if (!existsSync(schemaPath)) return;
  const { default: Ajv } = await import('ajv/dist/2020.js');
  const { default: standaloneCode } = await import('ajv/dist/standalone/index.js');
  const ajv = new Ajv.default({
    allErrors: true,
    strict: true,
    verbose: true,
    code: { source: true, esm: true, lines: true },
  });
  // A message says what a value must be, the first line of a description; what the key means is for editors and the manual.
  const schema = JSON.parse(readFileSync(schemaPath, 'utf8'), (key, value) =>
    key === 'description' && typeof value === 'string' ? value.split('\n', 1)[0] : value,
  );
  const validate = ajv.compile(schema);
  writeFileSync('src/policy/validate-policy.js', standaloneCode.default(ajv, validate));
}

// Writes a module, so that the bundle, tsx and tests load the templates in the same way.
function generateTemplates() {
  const names = readdirSync('templates').filter((name) => name.endsWith('.hbs'));
  const texts = names
    .sort()
    .map((name) => [name.slice(0, -'.hbs'.length), readFileSync(`templates/${name}`, 'utf8')]);
  writeFileSync(
    'src/udev/templates.gen.ts',
    `/** The files of templates/, made by packaging/npm/generate.mjs. */\nexport const templates = ${JSON.stringify(Object.fromEntries(texts), undefined, 2)} as const;\n`,
  );
}

if (process.argv[1] === import.meta.filename) await generate();
