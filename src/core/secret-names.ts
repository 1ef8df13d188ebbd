// Option names that sound like a secret.

const secretSounding = /(?<!by)pass(?!file|through)|secret|token|credential|private_?key/i

/** Whether an option's name suggests a secret, which must not be where every role may read it. */
export function soundsSecret(name: string): boolean {
  return secretSounding.test(name) && name !== 'password_required'
}
