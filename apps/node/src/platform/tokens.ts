/** Dependency injection tokens for things that are not classes of ours. */
export const LOGGER = Symbol('Logger');
export const STORAGE = Symbol('StorageClient');
export const VM_RUNTIME = Symbol('VmRuntime');
export const CLUSTER_STORE = Symbol('ClusterStore');
export const METRICS_REGISTRY = Symbol('MetricsRegistry');
export const ACCELERATION = Symbol('AccelerationReport');
