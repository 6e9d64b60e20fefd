import { Card, CardBody, PageSection } from '@patternfly/react-core';
import type { ReactElement } from 'react';

import { useNotify } from '../../components/notices';
import { PageHeader } from '../../components/PageHeader';
import { PasswordForm } from './PasswordForm';

/** Changes the password of the person who is logged in. */
export function PasswordPage(): ReactElement {
  const notify = useNotify();
  return (
    <>
      <PageHeader
        title="Change password"
        description="Your other sessions end when the password changes; API tokens stay."
      />
      <PageSection hasBodyWrapper={false}>
        <Card className="narrow-card">
          <CardBody>
            <PasswordForm
              currentLabel="Present password"
              onChanged={() => notify({ tone: 'success', title: 'Your password was changed' })}
            />
          </CardBody>
        </Card>
      </PageSection>
    </>
  );
}
