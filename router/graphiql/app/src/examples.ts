import { fetchJson, isRecord } from './config';

/** A ready operation of `schema/operations/`. */
export interface Example {
  /** The operation's name, which GraphiQL shows as the tab's title. */
  readonly name: string;
  readonly kind: 'query' | 'mutation' | 'subscription';
  /** First line of the leading comment. */
  readonly title: string;
  /** The rest of the leading comment. */
  readonly description: string;
  readonly query: string;
  /** Contents of the variables editor. */
  readonly variables: string;
}

interface OperationFile {
  readonly file: string;
  readonly query: string;
  /** Contents of the file's `.variables.json`, if it has one. */
  readonly variables?: Readonly<Record<string, unknown>> | null;
}

/** The operations that the router offers at `/graphiql/operations.json`, in the order of their file names. */
export async function loadExamples(): Promise<readonly Example[]> {
  const served = await fetchJson(`${import.meta.env.BASE_URL}operations.json`);
  if (!isRecord(served) || !Array.isArray(served.operations)) return [];
  return served.operations
    .filter(isOperationFile)
    .toSorted((a, b) => (a.file < b.file ? -1 : 1))
    .map(toExample)
    .filter((example) => example !== null);
}

function isOperationFile(value: unknown): value is OperationFile {
  return (
    isRecord(value) &&
    typeof value.file === 'string' &&
    typeof value.query === 'string' &&
    (value.variables == null || isRecord(value.variables))
  );
}

function toExample({ query, variables }: OperationFile): Example | null {
  const operation = /^(query|mutation|subscription)\s+(\w+)/m.exec(query);
  if (!operation) return null;
  const comment = [];
  for (const line of query.split('\n')) {
    if (!line.startsWith('#')) break;
    comment.push(line.replace(/^#\s?/, ''));
  }
  const [title = '', ...rest] = comment;
  return {
    name: operation[2]!,
    kind: operation[1] as Example['kind'],
    title,
    description: rest.join(' ').trim(),
    query: query.trimEnd(),
    variables: variables ? withRelativeDates(JSON.stringify(variables, null, 2)) : '',
  };
}

/** Replaces `{{today}}` and `{{today+30}}` (days), because a fixed date of stay would soon be in the past. */
function withRelativeDates(variables: string): string {
  return variables.replace(/\{\{today(?:\s*([+-])\s*(\d+))?\}\}/g, (_match, sign?: string, days?: string) => {
    const date = new Date();
    date.setDate(date.getDate() + (sign === '-' ? -1 : 1) * Number(days ?? 0));
    const pad = (value: number) => String(value).padStart(2, '0');
    return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  });
}
