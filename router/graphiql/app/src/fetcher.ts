import { createGraphiQLFetcher, isAsyncIterable, type Fetcher, type FetcherParams, type Observable } from '@graphiql/toolkit';
import { GraphQLError, Kind, parse, type DocumentNode, type ExecutionResult, type OperationDefinitionNode } from 'graphql';
import { createClient, type Sink } from 'graphql-ws';

import { MissingAnswer, remember, resolveReferences } from './references';

type Headers = Record<string, unknown> | undefined;

/** HTTP for queries and mutations, `graphql-transport-ws` at the same address for subscriptions. */
export function createFetcher(endpoint: string): Fetcher {
  const url = new URL(endpoint, window.location.href);
  const overHttp = createGraphiQLFetcher({ url: url.href, fetch: explainingFetch });
  return (params, options) => {
    const document = tryParse(params.query);
    if (!document) return overHttp(params, options);
    // GraphiQL reads the document a moment after the last key or change of tab, and would until then send the name of
    // the operation before, and a subscription over HTTP.
    const operation = chooseOperation(document, params.operationName);
    const chosen = { ...params, operationName: operation?.name?.value ?? null };
    try {
      chosen.variables = resolveReferences(params.variables);
    } catch (error) {
      if (error instanceof MissingAnswer) return Promise.resolve(failure(error.message));
      throw error;
    }
    if (operation?.operation === 'subscription') return subscribe(url, chosen, options?.headers);
    return remembered(overHttp(chosen, { ...options, documentAST: document }), chosen.operationName);
  };
}

/** The same answer, kept for the variables of later operations; with incremental delivery its first part. */
async function remembered(
  answer: ReturnType<Fetcher>,
  operationName: string | null,
): Promise<Awaited<ReturnType<Fetcher>>> {
  const result = await answer;
  if (!isAsyncIterable(result)) {
    remember(operationName, result);
    return result;
  }
  return (async function* () {
    let isFirst = true;
    for await (const part of result) {
      if (isFirst) remember(operationName, Array.isArray(part) ? part[0] : part);
      isFirst = false;
      yield part;
    }
  })() as typeof result;
}

/** `fetch` whose failures read as an answer of GraphQL, not as "Unexpected token '<'" or a stack trace. */
export async function explainingFetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(input, init);
  } catch (error) {
    console.warn('No answer from the router.', error);
    return Response.json(failure('The router does not answer. Is it running?'));
  }
  const contentType = response.headers.get('content-type') ?? '';
  if (/json|multipart\/mixed/.test(contentType)) return response;
  const detail = `${response.status} ${response.statusText}`.trim();
  return Response.json(failure(`The router answered ${detail}, without a GraphQL response.`));
}

/** One connection per subscription, because its headers are those of the editor at this moment. */
function subscribe(url: URL, params: FetcherParams, headers: Headers): Observable<ExecutionResult> {
  const webSocket = new URL(url);
  webSocket.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const client = createClient({ url: webSocket.href, connectionParams: headers ?? {} });
  const { query, variables, operationName } = params;
  return {
    subscribe: (sink: Sink<ExecutionResult>) => {
      const unsubscribe = client.subscribe<ExecutionResult['data']>(
        { query, variables, operationName: operationName ?? null },
        {
          next: (value) => sink.next(value as ExecutionResult),
          error: (error) => {
            sink.next(explainSocketError(error));
            sink.complete();
          },
          complete: () => sink.complete(),
        },
      );
      return { unsubscribe };
    },
  } as Observable<ExecutionResult>;
}

function explainSocketError(error: unknown): ExecutionResult {
  // A list of GraphQL errors is the router's own answer; anything else is about the connection.
  if (Array.isArray(error)) return { errors: error };
  if (error instanceof CloseEvent) {
    const detail = [error.code, error.reason].filter(Boolean).join(' ');
    return failure(`The connection of the subscription closed (${detail}).`);
  }
  return failure('The router accepts no connection for subscriptions. Is it running?');
}

function failure(message: string): ExecutionResult {
  return { errors: [new GraphQLError(message)] };
}

function tryParse(query: string): DocumentNode | null {
  try {
    return parse(query);
  } catch {
    return null; // The router explains syntax errors better than this page could.
  }
}

/** The operation of this name where the document has it, else its first. */
function chooseOperation(document: DocumentNode, name: string | null | undefined): OperationDefinitionNode | undefined {
  const operations = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  return operations.find((operation) => operation.name?.value === name) ?? operations[0];
}
