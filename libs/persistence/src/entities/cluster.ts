// The cluster and its nodes as the management plane remembers them. Liveness lives in etcd.
import { entity, idColumn, revisionColumn, timeColumn } from '../columns';

/** The one row that names the cluster. */
export interface ClusterRow {
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly revision: number;
}

export const ClusterEntity = entity<ClusterRow>({
  name: 'Cluster',
  tableName: 'clusters',
  columns: {
    id: idColumn,
    name: { type: 'text' },
    createdAt: timeColumn,
    updatedAt: timeColumn,
    revision: revisionColumn,
  },
});

/** A node that belongs, or belonged, to the cluster. */
export interface NodeRow {
  readonly id: string;
  readonly name: string;
  readonly address: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly revision: number;
}

export const NodeEntity = entity<NodeRow>({
  name: 'Node',
  tableName: 'nodes',
  columns: {
    id: idColumn,
    name: { type: 'text' },
    address: { type: 'text' },
    createdAt: timeColumn,
    updatedAt: timeColumn,
    revision: revisionColumn,
  },
  uniques: [{ columns: ['name'] }],
});
