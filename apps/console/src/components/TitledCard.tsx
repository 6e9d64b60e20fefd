import { Card, CardBody, CardHeader, CardTitle } from '@patternfly/react-core';
import type { ReactElement, ReactNode } from 'react';

/** A card with a heading and, at its right, a link. */
export function TitledCard(props: {
  readonly title: string;
  readonly className?: string;
  readonly link?: ReactNode;
  readonly children: ReactNode;
}): ReactElement {
  return (
    <Card {...(props.className ? { className: props.className } : {})}>
      <CardHeader {...(props.link ? { actions: { actions: props.link, hasNoOffset: true } } : {})}>
        <CardTitle component="h2">{props.title}</CardTitle>
      </CardHeader>
      <CardBody>{props.children}</CardBody>
    </Card>
  );
}
