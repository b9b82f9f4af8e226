package io.milepost.testbed.demo;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * Walks through scenarios S1 and S4: asks, prints what was asked and what came, and says whether it came out right.
 *
 * <p>The expectations are those of the YAML in {@code examples/bookinfo}.
 */
final class Tour {
    private static final int CALLS = 100;
    private static final int LOG_WAIT_MILLIS = 10_000;
    private static final String DENIED = "RBAC: access denied";

    private final DemoMesh mesh;
    private final PrintWriter out;
    private final Pod curl;
    private final Pod productpage;
    private int steps;
    private int failures;

    Tour(DemoMesh mesh, PrintWriter out) {
        this.mesh = mesh;
        this.out = out;
        curl = Pods.byApp(mesh.pods(), "curl");
        productpage = Pods.byApp(mesh.pods(), "productpage");
    }

    /** Whether every step came out right. {@code weightsFile} is changed by the last step when it is given. */
    boolean walk(Path weightsFile, boolean mayEdit) throws InterruptedException {
        header();
        shift(CALLS, "about nine of ten from v1, the rest from v2, none from v3", 70, 1, 0);
        allowed();
        deniedMethod();
        deniedIdentity();
        page();
        byPodAddress();
        if (mayEdit) {
            edit(weightsFile);
        }
        out.println();
        out.println(
                failures == 0
                        ? "All " + steps + " steps came out right."
                        : failures + " of " + steps + " steps did not come out right.");
        out.flush();
        return failures == 0;
    }

    private void header() throws InterruptedException {
        step("S1  the HTTPRoute on details sets user-agent: test-agent on every request");
        long mark = mesh.waypointLog().mark();
        long ztunnelMark = mesh.ztunnelLog().mark();
        Reply reply = ask(curl, "GET", "details", "/details/0", Map.of("user-agent", "curl/8.16.0"));
        double seconds = DemoMain.secondsUp();
        came(reply, reply.body().strip());
        out.printf("    first answer %.1f s after the start%n", seconds);
        check(reply.status() == 200, "a 200");
        check(
                reply.body().contains("\"userAgentSeen\":\"test-agent\""),
                "the application to see user-agent: test-agent");
        check(reply.header("server").equals("istio-envoy"), "the header server: istio-envoy of a waypoint");
        waypointLine(mark, "\"GET /details/0 HTTP/1.1\" 200 - via_upstream ");
        ztunnelLine(ztunnelMark, "dst.service=\"details.default.svc.cluster.local\"", "direction=\"outbound\"");
    }

    private void shift(int calls, String expectation, int atLeastV1, int atLeastV2, int atLeastV3) {
        step("S4  DestinationRule and VirtualService on reviews: " + expectation);
        out.println("    asked     " + calls + " x GET http://reviews:9080/reviews/0 as " + productpage.identity());
        Map<String, Integer> counts = new TreeMap<>();
        for (int i = 0; i < calls; i++) {
            counts.merge(version(productpage), 1, Integer::sum);
        }
        out.println("    came      " + counts);
        check(counts.getOrDefault("reviews-v1", 0) >= atLeastV1, "at least " + atLeastV1 + " answers of v1");
        check(counts.getOrDefault("reviews-v2", 0) >= atLeastV2, "at least " + atLeastV2 + " answers of v2");
        int v3 = counts.getOrDefault("reviews-v3", 0);
        check(atLeastV3 == 0 ? v3 == 0 : v3 >= atLeastV3, "v3 " + (atLeastV3 == 0 ? "never" : atLeastV3 + " times"));
        int answered = counts.getOrDefault("reviews-v1", 0) + counts.getOrDefault("reviews-v2", 0) + v3;
        check(answered == calls, "every call to be answered by a version of reviews");
    }

    private String version(Pod as) {
        try {
            Reply reply = client(as).send("GET", "reviews", Pod.APP_PORT, "/reviews/0", Map.of());
            return reply.status() == 200 ? reply.header("x-served-by") : "status " + reply.status();
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
    }

    private void allowed() {
        step("S4  the AuthorizationPolicy on reviews lets productpage GET");
        Reply reply = ask(productpage, "GET", "reviews", "/reviews/0", Map.of());
        came(reply, "");
        check(reply.status() == 200, "a 200");
    }

    private void deniedMethod() throws InterruptedException {
        step("S4  the same caller may not DELETE");
        long mark = mesh.waypointLog().mark();
        Reply reply = ask(productpage, "DELETE", "reviews", "/reviews/0", Map.of());
        came(reply, reply.body());
        check(reply.status() == 403 && reply.body().equals(DENIED), "403 " + DENIED);
        waypointLine(mark, "\"DELETE /reviews/0 HTTP/1.1\" 403 - rbac_access_denied");
    }

    private void deniedIdentity() throws InterruptedException {
        step("S4  another caller may not GET: who calls is what its certificate says");
        long mark = mesh.waypointLog().mark();
        Reply reply = ask(curl, "GET", "reviews", "/reviews/0", Map.of());
        came(reply, reply.body());
        check(reply.status() == 403 && reply.body().equals(DENIED), "403 " + DENIED);
        waypointLine(mark, "\"GET /reviews/0 HTTP/1.1\" 403 - rbac_access_denied");
    }

    private void page() throws InterruptedException {
        step("S4  the page: curl -> productpage -> details and reviews, each hop through the waypoint");
        long ztunnelMark = mesh.ztunnelLog().mark();
        Reply reply = ask(curl, "GET", "productpage", "/productpage", Map.of());
        boolean details = reply.body().contains("William Shakespeare");
        boolean reviews = reply.body().contains("Reviewer1");
        came(reply, (details ? "with" : "without") + " details, " + (reviews ? "with" : "without") + " reviews");
        check(reply.status() == 200 && details && reviews, "a 200 with details and reviews");
        ztunnelLine(ztunnelMark, "dst.service=\"productpage.default.svc.cluster.local\"", "direction=\"outbound\"");
    }

    /** Traffic to a pod's own address has no waypoint here ({@code waypoint-for: service}): ztunnel to ztunnel. */
    private void byPodAddress() throws InterruptedException {
        step("S1  a pod's own address is reached from ztunnel to ztunnel: mutual TLS, but nobody looks into the HTTP");
        long mark = mesh.ztunnelLog().mark();
        Pod details = Pods.byApp(mesh.pods(), "details");
        String address = details.address().getHostAddress();
        Reply reply = ask(curl, "GET", address, "/details/0", Map.of("user-agent", "curl/8.16.0"));
        came(reply, "");
        check(reply.status() == 200, "a 200");
        check(
                reply.body().contains("\"userAgentSeen\":\"curl/8.16.0\""),
                "the application to see the client's own user-agent");
        ztunnelLine(mark, "dst.workload=\"" + details.name(), "direction=\"outbound\"");
        ztunnelLine(mark, "dst.workload=\"" + details.name(), "direction=\"inbound\"");
    }

    /** All traffic to v3, by editing the file as a user would. */
    private void edit(Path weightsFile) throws InterruptedException {
        try {
            String yaml = Files.readString(weightsFile);
            Files.writeString(
                    weightsFile,
                    yaml.replace("subset: v1\n      weight: 90", "subset: v3\n      weight: 100")
                            .replace("weight: 10\n", "weight: 0\n"));
        } catch (IOException e) {
            throw new DemoException("cannot edit " + weightsFile.getFileName() + ": " + e.getMessage(), e);
        }
        long started = System.nanoTime();
        boolean seen = false;
        while (!seen && System.nanoTime() - started < TimeUnit.SECONDS.toNanos(10)) {
            // Several in a row, because v3 is no accident then: before the change it never answers.
            seen = version(productpage).equals("reviews-v3");
            if (!seen) {
                TimeUnit.MILLISECONDS.sleep(20);
            }
        }
        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - started);
        shift(20, "the file was edited, all weight on v3; seen after " + millis + " ms", 0, 0, 20);
    }

    private void step(String title) {
        steps++;
        failed = false;
        out.println();
        out.println(steps + ". " + title);
    }

    private boolean failed;

    private Reply ask(Pod as, String method, String host, String path, Map<String, String> headers) {
        out.println("    asked     " + method + " http://" + host + ":" + Pod.APP_PORT + path + " as " + as.identity());
        try {
            return client(as).send(method, host, Pod.APP_PORT, path, headers);
        } catch (IOException e) {
            return new Reply(0, Map.of(), String.valueOf(e.getMessage()));
        }
    }

    private static PodClient client(Pod as) {
        return new PodClient(as.socks());
    }

    private void came(Reply reply, String detail) {
        String by = reply.header("x-served-by");
        String what = reply.status() == 0 ? "no answer" : String.valueOf(reply.status());
        out.println("    came      " + what + (by.isEmpty() ? "" : " from " + by)
                + (detail.isEmpty() ? "" : "  " + detail));
    }

    private void waypointLine(long mark, String part) throws InterruptedException {
        String line = mesh.waypointLog().await(mark, l -> l.contains(part), LOG_WAIT_MILLIS);
        out.println("    waypoint  " + line);
        check(!line.isEmpty(), "a line of the waypoint's access log with " + part);
    }

    private void ztunnelLine(long mark, String part, String direction) throws InterruptedException {
        String line = mesh.ztunnelLog().await(mark, l -> l.contains(part) && l.contains(direction), LOG_WAIT_MILLIS);
        out.println("    ztunnel   " + line);
        check(!line.isEmpty(), "a line of a ztunnel's access log with " + part + " " + direction);
    }

    private void check(boolean right, String expected) {
        if (right) {
            return;
        }
        out.println("    WRONG     expected " + expected);
        if (!failed) {
            failed = true;
            failures++;
        }
    }

    /** For the end of the demo. */
    List<String> hints(String page, Path directory) {
        return List.of(
                "The page in a browser:     " + page,
                "As the curl pod:           curl --socks5-hostname "
                        + curl.address().getHostAddress() + ":" + Pod.SOCKS_PORT + " http://details:9080/details/0",
                "As the productpage pod:    curl --socks5-hostname "
                        + productpage.address().getHostAddress() + ":" + Pod.SOCKS_PORT
                        + " http://reviews:9080/reviews/0",
                "Change the mesh:           edit a file in " + directory
                        + " and ask again; a broken file changes nothing",
                "                           and the waypoint's log says what to mend",
                "Stop:                      Ctrl-C");
    }
}
