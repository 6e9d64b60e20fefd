import { Breadcrumb, BreadcrumbItem, Content, PageSection, Title } from '@patternfly/react-core';
import { useEffect, type ReactElement, type ReactNode } from 'react';
import { Link } from 'react-router';

export interface Crumb {
  readonly label: string;
  readonly to: string;
}

export interface PageHeaderProps {
  readonly title: string;
  /** One sentence under the title; says what the page is for or what state it is in. */
  readonly description?: ReactNode;
  /** Beside the title: state, tags. */
  readonly badge?: ReactNode;
  /** Buttons at the right. */
  readonly actions?: ReactNode;
  readonly crumbs?: readonly Crumb[];
}

/** The head of every page; also names the browser's tab. */
export function PageHeader(props: PageHeaderProps): ReactElement {
  useDocumentTitle(props.title);
  return (
    <PageSection className="page-header" hasBodyWrapper={false}>
      {props.crumbs && props.crumbs.length > 0 && (
        <Breadcrumb className="page-header-crumbs">
          {props.crumbs.map((crumb) => (
            <BreadcrumbItem
              key={crumb.to}
              render={({ className }) => (
                <Link className={className} to={crumb.to}>
                  {crumb.label}
                </Link>
              )}
            />
          ))}
          <BreadcrumbItem isActive>{props.title}</BreadcrumbItem>
        </Breadcrumb>
      )}
      <div className="page-header-row">
        <div className="page-header-title">
          <Title headingLevel="h1" size="xl">
            {props.title}
          </Title>
          {props.badge}
        </div>
        {props.actions && <div className="page-header-actions">{props.actions}</div>}
      </div>
      {props.description && (
        <Content component="small" className="page-header-description">
          {props.description}
        </Content>
      )}
    </PageSection>
  );
}

/** Names the browser's tab after the page. */
export function useDocumentTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Cairn`;
  }, [title]);
}
