import manifest from '../../package.json' with { type: 'json' }

/** This release of fdwsync. */
export const toolVersion: string = manifest.version
