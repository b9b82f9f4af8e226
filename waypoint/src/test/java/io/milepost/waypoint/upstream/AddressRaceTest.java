package io.milepost.waypoint.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.mesh.IpAddress;
import io.netty.channel.Channel;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.concurrent.Future;
import java.net.ConnectException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Attempts that end when the test says so, in a time that passes when the test says so. */
class AddressRaceTest {
    private final EmbeddedChannel clock = new EmbeddedChannel();
    private final Map<String, ChannelPromise> attempts = new LinkedHashMap<>();

    @BeforeEach
    void freeze() {
        clock.freezeTime();
    }

    private static List<IpAddress> addresses(String list) {
        return Stream.of(list.split(" "))
                .map(a -> IpAddress.parse(a).orElseThrow())
                .toList();
    }

    private Future<Channel> start(String list) {
        return AddressRace.start(clock.eventLoop(), addresses(list), AddressRace.DELAY_MILLIS, a -> {
            ChannelPromise p = new EmbeddedChannel().newPromise();
            attempts.put(a.toString(), p);
            return p;
        });
    }

    private void pass(long millis) {
        clock.advanceTimeBy(millis, TimeUnit.MILLISECONDS);
        clock.runScheduledPendingTasks();
    }

    private ChannelPromise attempt(String address) {
        return Objects.requireNonNull(attempts.get(address), address);
    }

    private void settle() {
        attempts.values().forEach(p -> ((EmbeddedChannel) p.channel()).runPendingTasks());
        clock.runPendingTasks();
    }

    private void fails(String address) {
        attempt(address).setFailure(new ConnectException("refused by " + address));
        settle();
    }

    private void answers(String address) {
        attempt(address).setSuccess();
        settle();
    }

    @ParameterizedTest
    @CsvSource({
        "10.0.0.1 10.0.0.2, 10.0.0.1 10.0.0.2",
        "10.0.0.1 10.0.0.2 fd00::1 fd00::2 fd00::3, 10.0.0.1 fd00::1 10.0.0.2 fd00::2 fd00::3",
        "fd00::1 fd00::2 10.0.0.1, fd00::1 10.0.0.1 fd00::2",
    })
    @DisplayName("RFC 8305, 4: families in turn, the first one's first")
    void order(String given, String tried) {
        assertThat(AddressRace.interleave(addresses(given))).isEqualTo(addresses(tried));
    }

    @Test
    void theFirstAnswersInTime() {
        Future<Channel> f = start("10.0.0.1 10.0.0.2");
        pass(299);
        assertThat(attempts).containsOnlyKeys("10.0.0.1");
        answers("10.0.0.1");
        assertThat(f.getNow()).isSameAs(attempt("10.0.0.1").channel());
        pass(10_000);
        assertThat(attempts).hasSize(1);
    }

    @Test
    @DisplayName("silence for 300 ms: the next one is tried beside it; who comes late is closed")
    void silence() {
        Future<Channel> f = start("10.0.0.1 10.0.0.2 10.0.0.3");
        pass(300);
        assertThat(attempts).containsOnlyKeys("10.0.0.1", "10.0.0.2");
        pass(299);
        assertThat(attempts).hasSize(2);
        pass(1);
        assertThat(attempts).hasSize(3);
        answers("10.0.0.2");
        assertThat(f.getNow()).isSameAs(attempt("10.0.0.2").channel());
        assertThat(f.getNow().isOpen()).isTrue();
        assertThat(attempt("10.0.0.1").channel().isOpen()).isFalse();
        assertThat(attempt("10.0.0.3").channel().isOpen()).isFalse();
    }

    @Test
    @DisplayName("a failure: the next one is tried at once, and the time counts anew")
    void failure() {
        Future<Channel> f = start("10.0.0.1 10.0.0.2 10.0.0.3");
        pass(200);
        fails("10.0.0.1");
        assertThat(attempts).containsOnlyKeys("10.0.0.1", "10.0.0.2");
        pass(299);
        assertThat(attempts).hasSize(2);
        fails("10.0.0.2");
        assertThat(f.isDone()).isFalse();
        fails("10.0.0.3");
        assertThat(f.cause()).hasMessage("refused by 10.0.0.3");
    }

    @Test
    @DisplayName("one that is still silent may come after all others failed")
    void theFirstIsTheLast() {
        Future<Channel> f = start("10.0.0.1 10.0.0.2");
        pass(300);
        fails("10.0.0.2");
        assertThat(f.isDone()).isFalse();
        answers("10.0.0.1");
        assertThat(f.isSuccess()).isTrue();
    }

    @Test
    void nobodyWaitsAnyMore() {
        Future<Channel> f = start("10.0.0.1 10.0.0.2");
        f.cancel(false);
        settle();
        assertThat(attempt("10.0.0.1").channel().isOpen()).isFalse();
        pass(10_000);
        assertThat(attempts).hasSize(1);
    }
}
