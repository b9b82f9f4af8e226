package io.milepost.waypoint.admin;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import java.util.Locale;
import java.util.Map;

/** Levels of the program's own log, changed while it runs. */
final class LogLevels {
    private static final String LEVELS = "trace, debug, info, warn, error, off";

    private final LoggerContext context;

    LogLevels(LoggerContext context) {
        this.context = context;
    }

    /** Loggers that have a level of their own. */
    String list() {
        StringBuilder s = new StringBuilder("active loggers:\n");
        for (Logger l : context.getLoggerList()) {
            if (l.getLevel() != null) {
                s.append("  ")
                        .append(l.getName())
                        .append(": ")
                        .append(name(l.getLevel()))
                        .append('\n');
            }
        }
        return s.toString();
    }

    private static String name(Level level) {
        return level.toString().toLowerCase(Locale.ROOT);
    }

    /**
     * Sets levels by logger; {@code level} stands for the root logger, {@code reset} gives a level back to the parent.
     *
     * @return what is wrong, and then nothing was changed; empty when all is well
     */
    String change(Map<String, String> levels) {
        for (Map.Entry<String, String> e : levels.entrySet()) {
            boolean reset = e.getValue().equals("reset") && !isRoot(e.getKey());
            if (!reset && level(e.getValue()) == null) {
                return "level \"" + e.getValue() + "\" of " + e.getKey() + " is not one of " + LEVELS + " (or reset)";
            }
        }
        levels.forEach((logger, text) -> context.getLogger(isRoot(logger) ? org.slf4j.Logger.ROOT_LOGGER_NAME : logger)
                .setLevel(level(text)));
        return "";
    }

    private static boolean isRoot(String logger) {
        return logger.equals("level") || logger.equalsIgnoreCase(org.slf4j.Logger.ROOT_LOGGER_NAME);
    }

    private static @org.jspecify.annotations.Nullable Level level(String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "trace" -> Level.TRACE;
            case "debug" -> Level.DEBUG;
            case "info" -> Level.INFO;
            case "warn", "warning" -> Level.WARN;
            case "error", "critical" -> Level.ERROR;
            case "off" -> Level.OFF;
            default -> null;
        };
    }
}
