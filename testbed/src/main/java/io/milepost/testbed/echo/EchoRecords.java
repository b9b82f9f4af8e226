package io.milepost.testbed.echo;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** What all pods of a testbed saw: requests (mirrored ones too), CONNECTs, and the counters behind {@code x-echo-fail-first}. */
public final class EchoRecords {
    /** One header line as it came. */
    public record Header(String name, String value) {}

    /** A request that reached an application. */
    public record Seen(String pod, String method, String path, List<Header> headers) {}

    /** A CONNECT that reached a pod's HBONE port; {@code peer} are the URI SANs of the client certificate. */
    public record Connect(String pod, List<String> peer, List<Header> headers) {}

    private final List<Seen> seen = new CopyOnWriteArrayList<>();
    private final List<Connect> connects = new CopyOnWriteArrayList<>();
    private final Map<String, Integer> counts = new ConcurrentHashMap<>();

    public List<Seen> seen() {
        return seen;
    }

    public List<Connect> connects() {
        return connects;
    }

    /** Forgets everything; done before each request of a case. */
    public void clear() {
        seen.clear();
        connects.clear();
        counts.clear();
    }

    void saw(Seen request) {
        seen.add(request);
    }

    void connected(Connect connect) {
        connects.add(connect);
    }

    int count(String key) {
        return counts.merge(key, 1, Integer::sum);
    }

    /** Counts up only while below the limit; says whether it did. */
    boolean countBelow(String key, int limit) {
        boolean[] counted = new boolean[1];
        counts.compute(key, (k, v) -> {
            int now = v == null ? 0 : v;
            counted[0] = now < limit;
            return counted[0] ? now + 1 : now;
        });
        return counted[0];
    }
}
