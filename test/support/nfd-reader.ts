/**
 * Reads a features file as Node Feature Discovery does, written after its customization guide ("Local feature source") and after
 * "Labels and Selectors" of Kubernetes: what does not parse or is not a valid label is rejected, with the reason.
 */

interface NfdLabels {
  /** The labels of the node. */
  readonly labels: Readonly<Record<string, string>>;
  /** The features for rules. */
  readonly features: Readonly<Record<string, string>>;
  /** A line for everything that NFD or Kubernetes rejects. */
  readonly rejected: readonly string[];
}

const MAX_BYTES = 65536;
const DEFAULT_NAMESPACE = 'feature.node.kubernetes.io';

/** The labels of a file with this name and text at the time `now`. */
export function readAsNfd(text: string, now = new Date(), fileName = 'vfio-names'): NfdLabels {
  const labels: Record<string, string> = {};
  const features: Record<string, string> = {};
  const rejected: string[] = [];
  if (fileName.startsWith('.')) return { labels, features, rejected: ['a hidden file'] };
  if (Buffer.byteLength(text) > MAX_BYTES)
    return { labels, features, rejected: ['a file of more than 64 kB'] };
  let expiry = now;
  let without = new Set<string>();
  for (const line of text.split('\n').map((part) => part.trim())) {
    if (line === '') continue;
    if (line.startsWith('#')) {
      if (!line.startsWith('# +')) continue;
      const [directive = '', value] = splitOnce(line.slice(3));
      if (directive === 'expiry-time' && isTime(value)) expiry = new Date(value);
      else if (directive === 'no-label' || directive === 'no-feature') without.add(directive);
      else rejected.push(`directive ${line}`);
      continue;
    }
    if (expiry < now) continue;
    const [name, value = 'true'] = splitOnce(line);
    if (!without.has('no-feature')) features[name] = value;
    if (!without.has('no-label')) {
      const key = name.includes('/') ? name : `${DEFAULT_NAMESPACE}/${name}`;
      const errors = labelErrors(key, value);
      rejected.push(...errors.map((error) => `${error} in ${line}`));
      if (key in labels) rejected.push(`a second value in ${line}`);
      if (errors.length === 0) labels[key] = value;
    }
    without = new Set();
  }
  return { labels, features, rejected };
}

function splitOnce(text: string): [string, string | undefined] {
  const at = text.indexOf('=');
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

/** RFC 3339. */
function isTime(text: string | undefined): text is string {
  return (
    text !== undefined &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.test(text) &&
    !Number.isNaN(Date.parse(text))
  );
}

/** A letter or digit at both ends; between them also `-`, `_` and `.`. At most 63 characters. */
const isPart = (text: string): boolean =>
  text.length <= 63 && /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/.test(text);

/** A DNS subdomain (RFC 1123): at most 253 characters. */
const isSubdomain = (text: string): boolean =>
  text.length <= 253 &&
  text.split('.').every((part) => part.length <= 63 && /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/.test(part));

/** NFD leaves these namespaces to Kubernetes, except its own. */
const isDenied = (prefix: string): boolean =>
  /(?:^|\.)kubernetes\.io$/.test(prefix) &&
  !/(?:^|\.)(?:feature|profile)\.node\.kubernetes\.io$/.test(prefix);

function labelErrors(key: string, value: string): string[] {
  const [prefix = '', name = '', ...rest] = key.split('/');
  return [
    ...(rest.length === 0 ? [] : ['several slashes']),
    ...(isSubdomain(prefix) && !isDenied(prefix) ? [] : ['the namespace']),
    ...(isPart(name) ? [] : ['the name']),
    ...(value === '' || isPart(value) ? [] : ['the value']),
  ];
}
