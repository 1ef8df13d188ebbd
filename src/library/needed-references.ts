// Which values of a manifest a command needs. In any other value, a variable that is not set or a file that does not exist is no
// error.

import type { Path } from '../manifest/manifest.ts'

/** Whether the value at a path of the manifest is needed, so that its references have to be resolved. */
export type IsNeeded = (path: Path) => boolean

/** For a command that only identifies the manifest. */
export const needsName: IsNeeded = ([key]) => key === 'name'

/** For a refresh, which needs the names of views and the path that their functions are found by. */
export const needsViews: IsNeeded = ([key]) => key === 'name' || key === 'search_path' || key === 'mirrors'

/** For a command that reports on each object, or asks sources: without one of its references, only that object is unknown. */
export const needsAllButObjects: IsNeeded = ([key, , section]) =>
  key === 'schemas' ? section === 'imports' : !['servers', 'foreign_data_wrappers', 'extensions'].includes(String(key))
