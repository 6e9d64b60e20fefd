import { Label, LabelGroup, SearchInput } from '@patternfly/react-core';
import { useEffect, useRef, type ReactElement, type ReactNode } from 'react';

import { toggleTerm } from './query';

export interface QueryBarProps {
  /** What is searched, for screen readers: "virtual machines". */
  readonly what: string;
  readonly query: string;
  readonly onQueryChange: (query: string) => void;
  /** An example of the language, shown while the bar is empty. */
  readonly hint: string;
  /** Terms one click away, such as "state:running". */
  readonly shortcuts?: readonly string[];
  readonly found: number;
  readonly total: number;
  readonly children?: ReactNode;
}

/** The search of a list. "/" jumps into it. */
export function QueryBar(props: QueryBarProps): ReactElement {
  const input = useRef<HTMLInputElement>(null);
  useSlashShortcut(input);
  const terms = new Set(props.query.trim().split(/\s+/));
  return (
    <div className="query-bar">
      <SearchInput
        ref={input}
        className="query-bar-input"
        aria-label={`Search ${props.what}`}
        placeholder={props.hint}
        value={props.query}
        onChange={(_event, value) => props.onQueryChange(value)}
        onClear={() => props.onQueryChange('')}
        {...(props.query.trim() === '' ? {} : { resultsCount: `${props.found} of ${props.total}` })}
      />
      {props.shortcuts && props.shortcuts.length > 0 && (
        <LabelGroup aria-label="Search shortcuts" numLabels={8}>
          {props.shortcuts.map((term) => (
            <Label
              key={term}
              variant={terms.has(term) ? 'filled' : 'outline'}
              isCompact
              {...(terms.has(term) ? { color: 'blue' as const } : {})}
              onClick={() => props.onQueryChange(toggleTerm(props.query, term))}
            >
              {term}
            </Label>
          ))}
        </LabelGroup>
      )}
      {props.children && <div className="query-bar-actions">{props.children}</div>}
    </div>
  );
}

function useSlashShortcut(input: React.RefObject<HTMLInputElement | null>): void {
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || isTyping(event.target)) return;
      event.preventDefault();
      input.current?.focus();
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, [input]);
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.closest('input, textarea, select, [contenteditable], [role="application"], .xterm') !==
      null
  );
}
