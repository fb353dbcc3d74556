import { applyEdits, modify, parse, type ParseError } from 'jsonc-parser';

import { isRecord } from './config';
import { fingerprint, type SessionState } from './session';

const BEARER = /^Bearer\s+(.+)$/i;

/** What brings the headers into view: only signing in overrules a token of the reader's. */
export type Occasion = 'sign-in' | 'open' | 'edit';

/**
 * The text of a headers editor, brought in line with the session.
 *
 * Replaces or removes a token that this page wrote and that is no longer current, wherever it turns up (another tab,
 * the history). Adds the session's token to empty headers when they are opened, and to any headers on signing in. A
 * token that the reader pasted stays, and text that is not JSON stays as it is, for GraphiQL to complain about.
 */
export function applySession(text: string, { session, retired }: SessionState, occasion: Occasion): string {
  const headers = parseHeaders(text);
  if (headers === null) return text;
  const name = Object.keys(headers).find((key) => key.toLowerCase() === 'authorization') ?? 'Authorization';
  const current = headers[name];
  const token = typeof current === 'string' ? BEARER.exec(current)?.[1] : undefined;
  const isStale = token !== undefined && retired.includes(fingerprint(token));
  if (session) {
    const isWanted = isStale || occasion === 'sign-in' || (occasion === 'open' && text.trim() === '');
    return isWanted && token !== session.accessToken ? edit(text, name, `Bearer ${session.accessToken}`) : text;
  }
  if (!isStale) return text;
  return Object.keys(headers).length === 1 ? '' : edit(text, name, undefined);
}

function parseHeaders(text: string): Record<string, unknown> | null {
  if (text.trim() === '') return {};
  const errors: ParseError[] = [];
  const value: unknown = parse(text, errors, { allowTrailingComma: true });
  return errors.length === 0 && isRecord(value) ? value : null;
}

/** Changes one member and keeps the reader's comments and layout; `undefined` removes it. */
function edit(text: string, name: string, value: string | undefined): string {
  const formattingOptions = { insertSpaces: true, tabSize: 2 };
  return applyEdits(text, modify(text, [name], value, { formattingOptions }));
}
