const bytes = (base64: string): Buffer => Buffer.from(base64, 'base64')

/**
 * `session_encode()` of PHP 8.2.36 for `['user' => 'ann', 'id' => 42, 'account' => $u, 'again' => $u, 'cart' => [['sku' => 'ü|1', 'n' => 2], 7 => null], 'ok' => true, 'price' => 1.5,
 * 'inf' => INF, 'min' => -5, 'role' => Role::Admin, 'big' => PHP_INT_MAX, 'ref' => &$cart]`, `$u` an object with a public, a protected and a private property, and itself.
 */
export const session = bytes(
  'dXNlcnxzOjM6ImFubiI7aWR8aTo0MjthY2NvdW50fE86NDoiVXNlciI6NDp7czoyOiJpZCI7aTo0MjtzOjc6IgAqAG5hbWUiO3M6MzoiQW5uIjtzOjEyOiIAVXNlcgBzZWNyZXQiO3M6MToieCI7czoyOiJtZSI7cjozO31hZ2FpbnxyOjM7Y2FydHxhOjI6e2k6MDthOjI6e3M6Mzoic2t1IjtzOjQ6IsO8fDEiO3M6MToibiI7aToyO31pOjc7Tjt9b2t8YjoxO3ByaWNlfGQ6MS41O2luZnxkOklORjttaW58aTotNTtyb2xlfEU6MTA6IlJvbGU6QWRtaW4iO2JpZ3xpOjkyMjMzNzIwMzY4NTQ3NzU4MDc7cmVmfFI6OTs=',
)

/** The same by `serialize()`. */
export const serialized = bytes(
  'YToxMjp7czo0OiJ1c2VyIjtzOjM6ImFubiI7czoyOiJpZCI7aTo0MjtzOjc6ImFjY291bnQiO086NDoiVXNlciI6NDp7czoyOiJpZCI7aTo0MjtzOjc6IgAqAG5hbWUiO3M6MzoiQW5uIjtzOjEyOiIAVXNlcgBzZWNyZXQiO3M6MToieCI7czoyOiJtZSI7cjo0O31zOjU6ImFnYWluIjtyOjQ7czo0OiJjYXJ0IjthOjI6e2k6MDthOjI6e3M6Mzoic2t1IjtzOjQ6IsO8fDEiO3M6MToibiI7aToyO31pOjc7Tjt9czoyOiJvayI7YjoxO3M6NToicHJpY2UiO2Q6MS41O3M6MzoiaW5mIjtkOklORjtzOjM6Im1pbiI7aTotNTtzOjQ6InJvbGUiO0U6MTA6IlJvbGU6QWRtaW4iO3M6MzoiYmlnIjtpOjkyMjMzNzIwMzY4NTQ3NzU4MDc7czozOiJyZWYiO1I6MTA7fQ==',
)

/** `[new Money, 'user' => 'ann']`, Money being a class that serializes itself. */
export const custom = bytes('YToyOntpOjA7Qzo1OiJNb25leSI6NDp7OS45MH1zOjQ6InVzZXIiO3M6MzoiYW5uIjt9')

/**
 * `['first' => 'ann', 'again' => &first, 'box' => new Box(['x', 'y']), 'user' => 'bob', 'p' => 'eve', 'q' => 'joe', 'r' => 'kim', 'owner' => &user, 'last' => &first]`, Box being a class that
 * serializes itself by `serialize()`: what is in it takes numbers too.
 */
export const nested = bytes(
  'YTo5OntzOjU6ImZpcnN0IjtzOjM6ImFubiI7czo1OiJhZ2FpbiI7UjoyO3M6MzoiYm94IjtDOjM6IkJveCI6MzA6e2E6Mjp7aTowO3M6MToieCI7aToxO3M6MToieSI7fX1zOjQ6InVzZXIiO3M6MzoiYm9iIjtzOjE6InAiO3M6MzoiZXZlIjtzOjE6InEiO3M6Mzoiam9lIjtzOjE6InIiO3M6Mzoia2ltIjtzOjU6Im93bmVyIjtSOjc7czo0OiJsYXN0IjtSOjI7fQ==',
)
