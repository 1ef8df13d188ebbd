// The version of this release, from package.json.

import manifest from '../../package.json' with { type: 'json' }

/** The version of this release of fdwsync. */
export const toolVersion: string = manifest.version
