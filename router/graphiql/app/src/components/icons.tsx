import type { ReactElement } from 'react';

/** The mark of the favicon beside the name. */
export function Wordmark(): ReactElement {
  return (
    <span className="reservei-wordmark">
      <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
        <rect width="32" height="32" rx="8" fill="#0d7a70" />
        <path
          d="M10 25V7h7.2a5.6 5.6 0 0 1 1.6 11l4.4 7"
          fill="none"
          stroke="#fff"
          strokeWidth="3.4"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
        <circle cx="16.8" cy="12.6" r="1.9" fill="#ffb454" />
      </svg>
      Reservei
    </span>
  );
}

export function Avatar({ displayName }: { readonly displayName: string }): ReactElement {
  const words = displayName.split(/\s+/).filter(Boolean);
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map((word) => [...(word ?? '')][0] ?? '');
  return (
    <span className="reservei-avatar" aria-hidden="true">
      {letters.join('').toUpperCase()}
    </span>
  );
}

export function ExamplesIcon(): ReactElement {
  return (
    <svg
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.7"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d="M4 5.5h11M4 12h7M4 18.5h11M16.5 9l4 3-4 3z" />
    </svg>
  );
}
