import type { ReactElement } from 'react';

import {
  CompactDiscIcon,
  DatabaseIcon,
  HddIcon,
  InfoCircleIcon,
  KeyIcon,
  LayerGroupIcon,
  LockIcon,
  ServerIcon,
  TachometerAltIcon,
  TasksIcon,
  UsersIcon,
  VirtualMachineIcon,
} from '../components/icons';

/** One entry of the navigation; the palette offers the same. */
export interface Destination {
  readonly label: string;
  readonly path: string;
  readonly icon: ReactElement;
  /** Other words a person may type into the palette. */
  readonly keywords: string;
}

export interface DestinationGroup {
  readonly title: string | null;
  readonly destinations: readonly Destination[];
}

export const navigation: readonly DestinationGroup[] = [
  {
    title: null,
    destinations: [
      {
        label: 'Dashboard',
        path: '/',
        icon: <TachometerAltIcon />,
        keywords: 'home overview health',
      },
    ],
  },
  {
    title: 'Compute',
    destinations: [
      {
        label: 'Virtual machines',
        path: '/vms',
        icon: <VirtualMachineIcon />,
        keywords: 'vm guest list',
      },
      {
        label: 'Images and ISOs',
        path: '/images',
        icon: <CompactDiscIcon />,
        keywords: 'media upload import qcow2 vmdk vhdx raw',
      },
      { label: 'Nodes', path: '/nodes', icon: <ServerIcon />, keywords: 'host server kvm' },
    ],
  },
  {
    title: 'Storage',
    destinations: [
      {
        label: 'Drives and pool',
        path: '/drives',
        icon: <HddIcon />,
        keywords: 'disk ssd nvme capacity',
      },
      {
        label: 'Volumes',
        path: '/volumes',
        icon: <DatabaseIcon />,
        keywords: 'disk stored object',
      },
    ],
  },
  {
    title: 'Administration',
    destinations: [
      { label: 'Tasks', path: '/tasks', icon: <TasksIcon />, keywords: 'jobs history log' },
      { label: 'Users', path: '/users', icon: <UsersIcon />, keywords: 'accounts roles access' },
      { label: 'API tokens', path: '/tokens', icon: <KeyIcon />, keywords: 'keys automation' },
      { label: 'Sessions', path: '/sessions', icon: <LockIcon />, keywords: 'log-ins browsers' },
      { label: 'About', path: '/about', icon: <InfoCircleIcon />, keywords: 'version licence api' },
    ],
  },
];

/** Where creating things starts; offered by the palette only. */
export const shortcuts: readonly Destination[] = [
  {
    label: 'Create a virtual machine',
    path: '/vms/create',
    icon: <VirtualMachineIcon />,
    keywords: 'new vm add',
  },
  {
    label: 'Add an image or ISO',
    path: '/images?add=upload',
    icon: <LayerGroupIcon />,
    keywords: 'upload import media new',
  },
];
