/**
 * Checks whether a runtime accepts a CDI document: schema/schema.json of container-device-interface, and the checks of its
 * pkg/cdi (versions by the fields that are used, unknown fields, empty lists, names). Covers only the fields that vfio-names
 * writes: no hooks, mounts or environment.
 */
import { readFileSync } from 'node:fs';
import { Ajv, type AnySchemaObject, type ValidateFunction } from 'ajv';
import { isDeviceName, isKind } from '../../src/cdi/spec.ts';
import { otherData } from './other-data.ts';

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== undefined && !Array.isArray(value);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Returns one line for each error in the document. */
export function cdiErrors(spec: unknown): string[] {
  if (!isFields(spec)) return ['not an object'];
  const devices = listOf(spec['devices']);
  const names = devices.map((device) => (isFields(device) ? device['name'] : undefined));
  const annotated = devices.some((device) => isFields(device) && 'annotations' in device);
  return [
    ...unknown(spec, ['cdiVersion', 'kind', 'containerEdits', 'devices']),
    ...(['0.5.0', '0.6.0'].includes(String(spec['cdiVersion'])) ? [] : ['cdiVersion']),
    ...(annotated && spec['cdiVersion'] === '0.5.0' ? ['annotations before 0.6.0'] : []),
    ...(isKind(String(spec['kind'])) ? [] : ['kind']),
    ...(devices.length > 0 ? [] : ['no devices']),
    ...(new Set(names).size === names.length ? [] : ['duplicate name']),
    ...edits(spec['containerEdits']),
    ...devices.flatMap(deviceErrors),
    ...schemaErrors(spec),
  ];
}

let isOfficial: ValidateFunction | undefined;

/** Errors of the schema of container-device-interface, where it is here. */
function schemaErrors(spec: unknown): string[] {
  const [schema, definitions] = ['schema', 'defs'].map((name) => otherData(`cdi/${name}.json`));
  if (schema === undefined || definitions === undefined) return [];
  isOfficial ??= new Ajv({ strict: false })
    .addSchema(readJson(definitions), 'defs.json')
    .compile(readJson(schema));
  return isOfficial(spec)
    ? []
    : (isOfficial.errors ?? []).map((error) => `schema: ${error.instancePath} ${error.message}`);
}

function readJson(path: string): AnySchemaObject {
  return JSON.parse(readFileSync(path, 'utf8')) as AnySchemaObject;
}

function deviceErrors(device: unknown): string[] {
  if (!isFields(device)) return ['a device is not an object'];
  const { name, annotations = {} } = device;
  const entries = isFields(annotations) ? Object.entries(annotations) : [['', 0] as const];
  return [
    ...unknown(device, ['name', 'annotations', 'containerEdits']),
    ...(typeof name === 'string' && isDeviceName(name) ? [] : ['name']),
    ...entries.flatMap(([key, value]) =>
      /^[a-z0-9.-]+\/[A-Za-z0-9_.-]+$/.test(key) && typeof value === 'string' ? [] : [`annotation ${key}`],
    ),
    ...edits(device['containerEdits']),
  ];
}

function edits(value: unknown): string[] {
  if (!isFields(value)) return ['no containerEdits'];
  const nodes = listOf(value['deviceNodes']);
  return [
    ...unknown(value, ['deviceNodes']),
    ...(nodes.length > 0 ? [] : ['empty containerEdits']),
    ...nodes.flatMap((node) => {
      if (!isFields(node)) return ['a node is not an object'];
      const valid =
        /^\/dev\/./.test(String(node['path'])) &&
        /^\/dev\/./.test(String(node['hostPath'])) &&
        node['permissions'] === 'rw' &&
        node['fileMode'] === 432;
      return [...unknown(node, ['path', 'hostPath', 'permissions', 'fileMode']), ...(valid ? [] : ['node'])];
    }),
  ];
}

function unknown(fields: Fields, known: readonly string[]): string[] {
  return Object.keys(fields)
    .filter((key) => !known.includes(key))
    .map((key) => `unknown field ${key}`);
}
