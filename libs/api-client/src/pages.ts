/** Walking through the pages of a list. */
import type { Page } from '@cairn/contracts';

export interface PageQuery {
  limit: number;
  cursor?: string;
}

const PAGE_SIZE = 500;
/** A server that never ends its list must not hold us forever. */
const PAGES_MAX = 10_000;

/** Every item of a list, one page at a time: `for await (const vm of eachItem((query) => …))`. */
export async function* eachItem<Item>(
  fetchPage: (query: PageQuery) => Promise<Page<Item>>,
): AsyncGenerator<Item, void, undefined> {
  let cursor: string | null = null;
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const page: Page<Item> = await fetchPage(
      cursor === null ? { limit: PAGE_SIZE } : { limit: PAGE_SIZE, cursor },
    );
    yield* page.items;
    if (page.nextCursor === null) return;
    cursor = page.nextCursor;
  }
  throw new Error(`The list does not end after ${PAGES_MAX} pages.`);
}

/** Every item of a list in one array. */
export async function allItems<Item>(
  fetchPage: (query: PageQuery) => Promise<Page<Item>>,
): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of eachItem(fetchPage)) items.push(item);
  return items;
}
