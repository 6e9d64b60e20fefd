/**
 * Printing results as a table for people or as JSON or YAML for programs.
 *
 * Text from the cluster is shown without control characters: a name or a guest's message must not steer the terminal.
 */
import { stringify } from 'yaml';
import { z } from 'zod';
import { printLine, type World } from './world';

export const outputFormats = ['table', 'wide', 'json', 'yaml'] as const;
export const outputFormatSchema = z.enum(outputFormats);
export type OutputFormat = z.infer<typeof outputFormatSchema>;

export interface Column<Item> {
  readonly title: string;
  readonly value: (item: Item) => string;
  /** Only in the format `wide`. */
  readonly wide?: true;
  readonly align?: 'right';
}

export class Output {
  constructor(
    private readonly world: World,
    readonly format: OutputFormat,
  ) {}

  /** A list: a table with a line for each item, or the items as an array. */
  list<Item>(items: readonly Item[], columns: readonly Column<Item>[]): void {
    if (this.isMachine()) this.value(items);
    else this.text(tableOf(items, this.visible(columns)));
  }

  /** One thing: a line for each property, or the thing as an object. */
  item<Item>(item: Item, columns: readonly Column<Item>[]): void {
    if (this.isMachine()) this.value(item);
    else this.text(detailsOf(item, columns));
  }

  /** A sentence for people about a result; programs get the result. */
  done(sentence: string, result: unknown): void {
    if (this.isMachine()) this.value(result);
    else this.text(clean(sentence));
  }

  /** One event of a stream: a line for people, or a document for programs. */
  event(line: string, value: unknown): void {
    switch (this.format) {
      case 'json':
        this.text(JSON.stringify(value));
        break;
      case 'yaml':
        this.text(`---\n${stringify(value).trimEnd()}`);
        break;
      default:
        this.text(clean(line));
    }
  }

  value(value: unknown): void {
    this.text(
      this.format === 'yaml' ? stringify(value).trimEnd() : JSON.stringify(value ?? null, null, 2),
    );
  }

  text(text: string): void {
    printLine(this.world.stdout, text);
  }

  /** Remarks that are not part of the result go to the error stream. */
  remark(text: string): void {
    printLine(this.world.stderr, clean(text));
  }

  isMachine(): boolean {
    return this.format === 'json' || this.format === 'yaml';
  }

  private visible<Item>(columns: readonly Column<Item>[]): readonly Column<Item>[] {
    return columns.filter((column) => column.wide !== true || this.format === 'wide');
  }
}

/** Replaces control characters, among them escape sequences and line ends. */
export function clean(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ');
}

export function tableOf<Item>(items: readonly Item[], columns: readonly Column<Item>[]): string {
  const rows = items.map((item) => columns.map((column) => clean(column.value(item))));
  const titles = columns.map((column) => column.title);
  const widths = columns.map((_, index) =>
    Math.max(...[titles, ...rows].map((row) => (row[index] ?? '').length)),
  );
  const lineOf = (cells: readonly string[]) =>
    cells
      .map((cell, index) =>
        columns[index]?.align === 'right'
          ? cell.padStart(widths[index] ?? 0)
          : cell.padEnd(widths[index] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [titles, ...rows].map(lineOf).join('\n');
}

function detailsOf<Item>(item: Item, columns: readonly Column<Item>[]): string {
  const width = Math.max(...columns.map((column) => column.title.length));
  return columns
    .map((column) => `${column.title.padEnd(width)}  ${clean(column.value(item))}`.trimEnd())
    .join('\n');
}
