const secretSounding = /(?<!by)pass(?!file|through)|secret|token|credential|private_?key/i

/** Whether an option that stands where every role may read it sounds as if it should not. */
export function soundsSecret(name: string): boolean {
  return secretSounding.test(name) && name !== 'password_required'
}
