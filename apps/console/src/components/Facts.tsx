import {
  DescriptionList,
  DescriptionListDescription,
  DescriptionListGroup,
  DescriptionListTerm,
} from '@patternfly/react-core';
import type { ReactElement, ReactNode } from 'react';

export interface Fact {
  readonly term: string;
  readonly value: ReactNode;
}

/** A dense list of names and values. A value that is null or undefined is drawn as a dash. */
export function Facts(props: {
  readonly facts: readonly Fact[];
  readonly columns?: 1 | 2 | 3;
}): ReactElement {
  return (
    <DescriptionList
      isCompact
      isHorizontal
      horizontalTermWidthModifier={{ default: '11ch', md: '15ch' }}
      columnModifier={{ default: '1Col', lg: `${props.columns ?? 1}Col` }}
    >
      {props.facts.map((fact) => (
        <DescriptionListGroup key={fact.term}>
          <DescriptionListTerm>{fact.term}</DescriptionListTerm>
          <DescriptionListDescription>{fact.value ?? '–'}</DescriptionListDescription>
        </DescriptionListGroup>
      ))}
    </DescriptionList>
  );
}
