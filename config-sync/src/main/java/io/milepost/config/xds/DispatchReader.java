package io.milepost.config.xds;

import com.github.xds.type.matcher.v3.IPMatcher;
import com.github.xds.type.matcher.v3.Matcher;
import com.google.protobuf.StringValue;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.milepost.mesh.Cidr;
import io.milepost.mesh.Dispatch;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * main_internal's matcher tree: destination address, then port, then (for undeclared ports) what was spoken.
 *
 * <p>Attached workloads have no port level.
 */
final class DispatchReader {
    private static final String WHERE = "listener main_internal, filter_chain_matcher";

    private final Findings findings;
    private final Set<String> httpChains;

    DispatchReader(Findings findings, Set<String> httpChains) {
        this.findings = findings;
        this.httpChains = httpChains;
    }

    Dispatch read(Listener main) {
        Optional<IPMatcher> ranges = addresses(main.getFilterChainMatcher());
        List<Dispatch.Service> services = new ArrayList<>();
        List<Cidr> workloads = new ArrayList<>();
        Dispatch.Direct direct = Dispatch.Direct.NONE;
        if (ranges.isEmpty()) {
            findings.add(WHERE, "there is no match by address: every tunnel is refused");
            return new Dispatch(services, workloads, direct);
        }
        for (IPMatcher.IPRangeMatcher r : ranges.get().getRangeMatchersList()) {
            List<Cidr> cidrs = new ArrayList<>();
            r.getRangesList()
                    .forEach(x -> Values.cidr(
                                    x.getAddressPrefix(),
                                    x.hasPrefixLen() ? x.getPrefixLen().getValue() : 0)
                            .ifPresentOrElse(
                                    cidrs::add, () -> findings.add(WHERE, "no address: " + x.getAddressPrefix())));
            Matcher inner = r.getOnMatch().getMatcher();
            if (isPorts(inner)) {
                services.add(service(cidrs, inner));
                continue;
            }
            Optional<Dispatch.PortDispatch> any = port(r.getOnMatch());
            if (any.isPresent()) {
                workloads.addAll(cidrs);
                direct = direct(any.get());
            } else {
                findings.add(WHERE, "what happens to " + cidrs + " is not understood: its tunnels are refused");
            }
        }
        return new Dispatch(services, workloads, direct);
    }

    private static Optional<IPMatcher> addresses(Matcher m) {
        Optional<IPMatcher> found =
                XdsTypes.unpack(m.getMatcherTree().getCustomMatch().getTypedConfig(), IPMatcher.class);
        // with several networks the authority is looked at first, and addresses are the next level
        return found.isPresent() || !m.getOnNoMatch().hasMatcher()
                ? found
                : addresses(m.getOnNoMatch().getMatcher());
    }

    private static boolean isPorts(Matcher m) {
        return m.getMatcherTree().hasExactMatchMap()
                && XdsTypes.typeOf(m.getMatcherTree().getInput().getTypedConfig())
                        .endsWith(".DestinationPortInput");
    }

    private Dispatch.Service service(List<Cidr> addresses, Matcher byPort) {
        Map<Integer, Dispatch.PortDispatch> ports = new LinkedHashMap<>();
        String host = "";
        for (Map.Entry<String, Matcher.OnMatch> e :
                byPort.getMatcherTree().getExactMatchMap().getMapMap().entrySet()) {
            Optional<Dispatch.PortDispatch> p = port(e.getValue());
            if (p.isEmpty()) {
                findings.add(WHERE, "port " + e.getKey() + " of " + addresses + " is not understood and refused");
                continue;
            }
            ports.put(Integer.valueOf(e.getKey()), p.get());
            host = ChainName.of(chain(p.get())).host();
        }
        return new Dispatch.Service(host, addresses, ports);
    }

    private Optional<Dispatch.PortDispatch> port(Matcher.OnMatch m) {
        Optional<String> chain = action(m);
        if (chain.isPresent()) {
            return Optional.of(
                    httpChains.contains(chain.get())
                            ? new Dispatch.PortDispatch.Http(chain.get())
                            : new Dispatch.PortDispatch.Tcp(chain.get()));
        }
        Matcher inner = m.getMatcher();
        Optional<String> http = inner.getMatcherTree().getExactMatchMap().getMapMap().values().stream()
                .map(DispatchReader::action)
                .flatMap(Optional::stream)
                .findFirst();
        Optional<String> tcp = action(inner.getOnNoMatch());
        return http.isPresent() && tcp.isPresent()
                ? Optional.of(new Dispatch.PortDispatch.Detect(http.get(), tcp.get()))
                : Optional.empty();
    }

    private static Optional<String> action(Matcher.OnMatch m) {
        return m.hasAction()
                ? XdsTypes.unpack(m.getAction().getTypedConfig(), StringValue.class)
                        .map(StringValue::getValue)
                : Optional.empty();
    }

    private static String chain(Dispatch.PortDispatch p) {
        return switch (p) {
            case Dispatch.PortDispatch.Http h -> h.chain();
            case Dispatch.PortDispatch.Tcp t -> t.chain();
            case Dispatch.PortDispatch.Detect d -> d.httpChain();
        };
    }

    private static Dispatch.Direct direct(Dispatch.PortDispatch p) {
        return switch (p) {
            case Dispatch.PortDispatch.Http h -> new Dispatch.Direct(h.chain(), h.chain());
            case Dispatch.PortDispatch.Tcp t -> new Dispatch.Direct(t.chain(), t.chain());
            case Dispatch.PortDispatch.Detect d -> new Dispatch.Direct(d.httpChain(), d.tcpChain());
        };
    }
}
