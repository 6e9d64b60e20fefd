export * from './entities/access';
export * from './entities/cluster';
export * from './entities/record';
export * from './entities/storage';
export * from './entities/vm';
export { createDataSource, dataSourceDefaults, type DataSourceOptions } from './data-source';
export { NotificationListener, type NotificationListenerOptions } from './notification-listener';
