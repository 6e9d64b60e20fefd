import type { ReactElement } from 'react';

import type { ChartSeries } from './chart';

/** The newest values of a chart, each in the colour of its line. */
export function SeriesLegend({
  series,
  formatValue,
}: {
  readonly series: readonly ChartSeries[];
  readonly formatValue: (value: number) => string;
}): ReactElement {
  return (
    <span className="series-legend">
      {series.map((each, index) => {
        const newest = each.points.at(-1)?.value;
        return (
          <span key={each.label} className="series-entry">
            {series.length > 1 && (
              <>
                <i className={`series-swatch is-${index + 1}`} />
                {each.label}{' '}
              </>
            )}
            <strong>{newest === undefined ? '–' : formatValue(newest)}</strong>
          </span>
        );
      })}
    </span>
  );
}
