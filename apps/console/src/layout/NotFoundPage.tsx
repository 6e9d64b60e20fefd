import { PageSection } from '@patternfly/react-core';
import type { ReactElement } from 'react';
import { Link } from 'react-router';

import { PageHeader } from '../components/PageHeader';
import { NothingHere } from '../components/States';
import { SearchIcon } from '../components/icons';

/** An address that leads nowhere. */
export function NotFoundPage(): ReactElement {
  return (
    <>
      <PageHeader title="Not found" />
      <PageSection hasBodyWrapper={false}>
        <NothingHere
          title="There is no such page"
          icon={SearchIcon}
          actions={<Link to="/">To the dashboard</Link>}
        />
      </PageSection>
    </>
  );
}
