<?php
// PHP's own sessions, kept by phpredis. Served by `php -S`; the URL is the handler's save_path.
$binding = getenv('BINDING_DIR') ?: '/bindings/sessions';
$lifetime = (int) (getenv('EXPIRE_AFTER_SECONDS') ?: '1800');
ini_set('session.save_handler', 'redis');
ini_set('session.save_path', trim(file_get_contents("$binding/uri")));
ini_set('session.name', 'sid');
ini_set('session.gc_maxlifetime', (string) $lifetime);
ini_set('session.use_strict_mode', '1');

$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if ($path === '/healthz') {
    echo 'ok';
    return;
}
if (!session_start()) {
    http_response_code(503);
    return;
}
switch ($path) {
    case '/login':
        session_regenerate_id(true);
        $_SESSION = ['user' => $_GET['user'] ?? 'somebody', 'changes' => 0];
        break;
    case '/logout':
        $_SESSION = [];
        session_destroy();
        break;
    default:
        if (!isset($_SESSION['user'])) {
            http_response_code(401);
        } elseif ($path === '/change') {
            $_SESSION['changes']++;
        }
}
