// Variables that refer to what an earlier operation of this page answered, so that examples can follow one another:
// "{{Quote.quote.total}}" is the field `quote.total` of the last answer to the operation named Quote, whatever its type;
// "{{uuid}}" is a new random id each time.

const WHOLE_VALUE = /^\{\{\s*(\w+(?:\.\w+)*)\s*\}\}$/;

const answers = new Map<string, unknown>();

/** Keeps the data of an answer for later operations to refer to. */
export function remember(operationName: string | null | undefined, answer: unknown): void {
  if (!operationName || typeof answer !== 'object' || answer === null) return;
  const { data } = answer as { data?: unknown };
  if (data) answers.set(operationName, data);
}

/** A variable refers to an answer that is not there. The message says what to run first. */
export class MissingAnswer extends Error {}

/** The variables with every reference replaced. Throws `MissingAnswer`. */
export function resolveReferences(variables: unknown): unknown {
  if (typeof variables === 'string') {
    const path = WHOLE_VALUE.exec(variables)?.[1];
    return path === undefined ? variables : resolve(path);
  }
  if (Array.isArray(variables)) return variables.map(resolveReferences);
  if (typeof variables === 'object' && variables !== null) {
    return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, resolveReferences(value)]));
  }
  return variables;
}

function resolve(path: string): unknown {
  if (path === 'uuid') return randomUuid();
  const [operationName = '', ...fields] = path.split('.');
  if (!answers.has(operationName)) {
    throw new MissingAnswer(`A variable refers to the answer of ${operationName}. Run ${operationName} first.`);
  }
  let value: unknown = answers.get(operationName);
  for (const field of fields) {
    value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[field] : undefined;
  }
  if (value === undefined || value === null) {
    throw new MissingAnswer(`The last answer of ${operationName} has no ${fields.join('.')}. Look at it, and run it again.`);
  }
  return value;
}

/** `crypto.randomUUID` exists on https and loopback addresses only; this exists everywhere. */
function randomUuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
