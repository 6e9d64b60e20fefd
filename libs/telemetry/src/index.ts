/** How Cairn tells what it does: structured log and metrics. */
export { createLogger, logLevels } from './logger';
export type { Logger, LoggerOptions, LogLevel } from './logger';
export { catalogue } from './catalogue';
export type { MetricDefinition, MetricLabel, MetricName, MetricNameOf } from './catalogue';
export { MetricSet } from './metric-set';
export type { HistogramCounts } from './external-histogram';
