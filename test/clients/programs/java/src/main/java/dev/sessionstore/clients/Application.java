package dev.sessionstore.clients;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.http.ResponseEntity;
import org.springframework.session.data.redis.config.ConfigureRedisAction;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/**
 * Spring Boot with Spring Session on Lettuce. REPOSITORY: `default`, or `indexed`, which finds sessions by user and tells of
 * their end.
 */
@SpringBootApplication
@RestController
public class Application {
  private static String env(String name, String otherwise) {
    String value = System.getenv(name);
    return value == null ? otherwise : value;
  }

  private static String binding(String name) throws IOException {
    return Files.readString(Path.of(env("BINDING_DIR", "/bindings/sessions"), name)).trim();
  }

  public static void main(String[] arguments) throws IOException {
    Map<String, Object> settings = new HashMap<>();
    settings.put("server.address", "127.0.0.1");
    settings.put("server.port", env("PORT", "3000"));
    settings.put("server.servlet.session.cookie.name", "sid");
    settings.put("server.servlet.session.timeout", env("EXPIRE_AFTER_SECONDS", "1800") + "s");
    settings.put("spring.main.banner-mode", "off");
    settings.put("logging.level.root", "warn");
    settings.put("spring.data.redis.url", binding("uri"));
    // Lettuce goes on for a minute otherwise, where it is let in no more.
    settings.put("spring.data.redis.timeout", "5s");
    settings.put("spring.data.redis.repositories.enabled", "false");
    settings.put("spring.session.redis.namespace", binding("key-prefix"));
    settings.put("spring.session.redis.repository-type", env("REPOSITORY", "default"));
    SpringApplication application = new SpringApplication(Application.class);
    application.setDefaultProperties(settings);
    application.run(arguments);
  }

  /** Without it the indexed repository sets `notify-keyspace-events` itself, by CONFIG. */
  @Bean
  ConfigureRedisAction configureRedisAction() {
    return ConfigureRedisAction.NO_OP;
  }

  @GetMapping("/healthz")
  String healthz() {
    return "ok";
  }

  @PostMapping("/login")
  Map<String, Object> login(HttpServletRequest request, @RequestParam(defaultValue = "somebody") String user) {
    request.getSession();
    request.changeSessionId();
    HttpSession session = request.getSession();
    session.setAttribute("user", user);
    session.setAttribute("changes", 0);
    session.setAttribute("org.springframework.session.FindByIndexNameSessionRepository.PRINCIPAL_NAME_INDEX_NAME", user);
    return Map.of("user", user);
  }

  @GetMapping("/me")
  ResponseEntity<Object> me(HttpServletRequest request) {
    HttpSession session = request.getSession(false);
    if (session == null || session.getAttribute("user") == null) return ResponseEntity.status(401).build();
    return ResponseEntity.ok(Map.of("user", session.getAttribute("user")));
  }

  @GetMapping("/change")
  ResponseEntity<Object> change(HttpServletRequest request) {
    HttpSession session = request.getSession(false);
    if (session == null || session.getAttribute("user") == null) return ResponseEntity.status(401).build();
    int changes = (int) session.getAttribute("changes") + 1;
    session.setAttribute("changes", changes);
    return ResponseEntity.ok(Map.of("changes", changes));
  }

  @PostMapping("/logout")
  Map<String, Object> logout(HttpServletRequest request) {
    HttpSession session = request.getSession(false);
    if (session != null) session.invalidate();
    return Map.of();
  }
}
