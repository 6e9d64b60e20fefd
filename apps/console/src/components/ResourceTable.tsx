import { Checkbox, Pagination } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import type { ReactElement, ReactNode } from 'react';

import { parseSort, sortItems, type SortValue } from './sorting';
import type { ListState } from './useListState';

export interface Column<Item> {
  /** Stable; appears in the address when the table is sorted by this column. */
  readonly key: string;
  readonly title: string;
  readonly render: (item: Item) => ReactNode;
  /** Absent: the column can't be sorted by. */
  readonly sortValue?: (item: Item) => SortValue;
  readonly modifier?: 'fitContent' | 'nowrap' | 'truncate' | 'breakWord';
  readonly isNumeric?: boolean;
  /** The share of the table's width, in percent, that this column should have. */
  readonly width?: 15 | 20 | 25 | 30 | 35;
}

export interface Selection {
  readonly ids: ReadonlySet<string>;
  readonly onChange: (ids: ReadonlySet<string>) => void;
}

export interface ResourceTableProps<Item> {
  /** What the rows are, for screen readers: "Virtual machines". */
  readonly label: string;
  readonly items: readonly Item[];
  readonly idOf: (item: Item) => string;
  readonly nameOf: (item: Item) => string;
  readonly columns: readonly Column<Item>[];
  readonly list: ListState;
  readonly selection?: Selection;
  /** The menu or buttons at the end of a row. */
  readonly rowActions?: (item: Item) => ReactNode;
}

const rowsPerPage = 50;

/** A dense, sortable table. Sort order and page live in the address. */
export function ResourceTable<Item>(props: ResourceTableProps<Item>): ReactElement {
  const { columns, items, list } = props;
  const sorted = sortByColumn(items, columns, list.sort);
  const pages = Math.max(1, Math.ceil(sorted.length / rowsPerPage));
  const page = Math.min(list.page, pages);
  const shown = sorted.slice((page - 1) * rowsPerPage, page * rowsPerPage);
  return (
    <>
      <div className="table-scroller">
        <Table variant="compact" aria-label={props.label} gridBreakPoint="grid-md">
          <Thead>
            <HeadRow {...props} shown={shown} />
          </Thead>
          <Tbody>
            {shown.map((item) => (
              <BodyRow key={props.idOf(item)} item={item} {...props} />
            ))}
          </Tbody>
        </Table>
      </div>
      {pages > 1 && (
        <Pagination
          itemCount={sorted.length}
          perPage={rowsPerPage}
          perPageOptions={[]}
          page={page}
          onSetPage={(_event, next) => list.setPage(next)}
          variant="bottom"
          isCompact
        />
      )}
    </>
  );
}

function HeadRow<Item>(
  props: ResourceTableProps<Item> & { readonly shown: readonly Item[] },
): ReactElement {
  const { columns, list, selection, shown, idOf } = props;
  const { key: sortedKey, isDescending } = parseSort(list.sort);
  const sortedIndex = columns.findIndex((column) => column.key === sortedKey);
  const isEverySelected = shown.length > 0 && shown.every((item) => selection?.ids.has(idOf(item)));
  return (
    <Tr>
      {selection && (
        <Th className="select-cell" screenReaderText="Selection">
          <Checkbox
            id="select-all"
            aria-label="Select all rows"
            isChecked={isEverySelected}
            onChange={(_event, isSelected) =>
              selection.onChange(new Set(isSelected ? shown.map(idOf) : []))
            }
          />
        </Th>
      )}
      {columns.map((column, columnIndex) => (
        <Th
          key={column.key}
          {...(column.width ? { width: column.width } : {})}
          {...(column.modifier ? { modifier: column.modifier } : {})}
          {...(column.isNumeric ? { className: 'numeric' } : {})}
          {...(column.sortValue
            ? {
                sort: {
                  columnIndex,
                  sortBy: {
                    ...(sortedIndex < 0 ? {} : { index: sortedIndex }),
                    direction: isDescending ? ('desc' as const) : ('asc' as const),
                  },
                  onSort: (_event: unknown, _index: number, direction: 'asc' | 'desc') =>
                    list.setSort(direction === 'desc' ? `-${column.key}` : column.key),
                },
              }
            : {})}
        >
          {column.title}
        </Th>
      ))}
      {props.rowActions && <Th screenReaderText="Actions" />}
    </Tr>
  );
}

function BodyRow<Item>(props: ResourceTableProps<Item> & { readonly item: Item }): ReactElement {
  const { item, columns, selection, idOf, nameOf, rowActions } = props;
  const id = idOf(item);
  const isSelected = selection?.ids.has(id) ?? false;
  return (
    <Tr {...(selection ? { isRowSelected: isSelected } : {})}>
      {selection && (
        <Td className="select-cell">
          <Checkbox
            id={`select-${id}`}
            aria-label={`Select ${nameOf(item)}`}
            isChecked={isSelected}
            onChange={(_event, isSelecting) =>
              selection.onChange(withMember(selection.ids, id, isSelecting))
            }
          />
        </Td>
      )}
      {columns.map((column) => (
        <Td
          key={column.key}
          dataLabel={column.title}
          {...(column.modifier ? { modifier: column.modifier } : {})}
          {...(column.isNumeric ? { className: 'numeric' } : {})}
        >
          {column.render(item)}
        </Td>
      ))}
      {rowActions && <Td isActionCell>{rowActions(item)}</Td>}
    </Tr>
  );
}

/** A copy of a set with one member added or removed. */
export function withMember(
  ids: ReadonlySet<string>,
  id: string,
  isMember: boolean,
): ReadonlySet<string> {
  const next = new Set(ids);
  if (isMember) next.add(id);
  else next.delete(id);
  return next;
}

function sortByColumn<Item>(
  items: readonly Item[],
  columns: readonly Column<Item>[],
  sort: string,
): readonly Item[] {
  const { key, isDescending } = parseSort(sort);
  const valueOf = columns.find((column) => column.key === key)?.sortValue;
  return valueOf ? sortItems(items, valueOf, isDescending) : items;
}
