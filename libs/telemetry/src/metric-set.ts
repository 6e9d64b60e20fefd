/** MetricSet: the metrics of one service, made from the catalogue on a registry of their own. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import {
  catalogue,
  type MetricDefinition,
  type MetricLabel,
  type MetricName,
  type MetricNameOf,
} from './catalogue';
import { formatHistogram, type HistogramCounts } from './external-histogram';

export class MetricSet {
  private readonly made = new Map<string, Gauge | Counter | Histogram>();

  private readonly external = new Map<MetricName, () => Promise<readonly HistogramCounts[]>>();

  constructor(readonly registry: Registry = new Registry()) {}

  gauge<Name extends MetricNameOf<'gauge'>>(name: Name): Gauge<MetricLabel<Name>> {
    return this.once(name, Gauge, () => new Gauge(this.settings(name)));
  }

  counter<Name extends MetricNameOf<'counter'>>(name: Name): Counter<MetricLabel<Name>> {
    return this.once(name, Counter, () => new Counter(this.settings(name)));
  }

  histogram<Name extends MetricNameOf<'histogram'>>(name: Name): Histogram<MetricLabel<Name>> {
    return this.once(name, Histogram, () => new Histogram(this.settings(name)));
  }

  /** A histogram whose counts `collect` brings from elsewhere whenever it is exposed. */
  externalHistogram(
    name: MetricNameOf<'histogram'>,
    collect: () => Promise<readonly HistogramCounts[]>,
  ): void {
    this.external.set(name, collect);
  }

  /** The exposition text and its content type. */
  async expose(): Promise<{ readonly contentType: string; readonly text: string }> {
    let text = await this.registry.metrics();
    for (const [name, collect] of this.external) {
      text += formatHistogram(name, catalogue[name].help, await collect());
    }
    return { contentType: this.registry.contentType, text };
  }

  private once<Metric extends Gauge | Counter | Histogram>(
    name: MetricName,
    type: abstract new (...args: never[]) => Metric,
    make: () => Metric,
  ): Metric {
    const known = this.made.get(name);
    if (known instanceof type) return known;
    const metric = make();
    this.made.set(name, metric);
    return metric;
  }

  private settings(name: MetricName) {
    const definition: MetricDefinition = catalogue[name];
    return {
      name,
      help: definition.help,
      labelNames: [...definition.labels],
      registers: [this.registry],
      ...(definition.buckets === undefined ? {} : { buckets: [...definition.buckets] }),
    };
  }
}
