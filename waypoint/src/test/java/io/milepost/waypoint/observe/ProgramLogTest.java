package io.milepost.waypoint.observe;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.Appender;
import ch.qos.logback.core.ConsoleAppender;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;

class ProgramLogTest {
    /** One truth: what users read in the XML (other programs use it) is what the waypoint does. */
    @Test
    void isWhatTheXmlSays() throws Exception {
        LoggerContext byXml = new LoggerContext();
        JoranConfigurator joran = new JoranConfigurator();
        joran.setContext(byXml);
        joran.doConfigure(Objects.requireNonNull(ProgramLog.class.getResource("/logback.xml")));
        LoggerContext byCode = new LoggerContext();
        ProgramLog.configure(byCode);

        assertThat(text(byCode)).isEqualTo(text(byXml)).hasSizeGreaterThan(3);
    }

    @Test
    void givesTheContextThatItConfigured() {
        ProgramLog provider = new ProgramLog();
        provider.initialize();

        assertThat(provider.getLoggerFactory().getLogger("io.milepost").isInfoEnabled())
                .isTrue();
        assertThat(provider.getLoggerFactory().getLogger("io.netty.x").isInfoEnabled())
                .isFalse();
        assertThat(provider.getMDCAdapter()).isNotNull();
        assertThat(provider.getMarkerFactory()).isNotNull();
    }

    private static List<String> text(LoggerContext context) {
        return context.getLoggerList().stream()
                .filter(l -> l.getLevel() != null)
                .flatMap(l -> Stream.concat(Stream.of(l.getName() + " " + l.getLevel()), appenders(l)))
                .toList();
    }

    private static Stream<String> appenders(Logger logger) {
        Iterable<Appender<ILoggingEvent>> all = logger::iteratorForAppenders;
        return StreamSupport.stream(all.spliterator(), false)
                .map(a -> (ConsoleAppender<ILoggingEvent>) a)
                .map(a -> a.getName() + " " + a.getTarget() + " " + a.isStarted() + " "
                        + ((PatternLayoutEncoder) a.getEncoder()).getPattern());
    }
}
