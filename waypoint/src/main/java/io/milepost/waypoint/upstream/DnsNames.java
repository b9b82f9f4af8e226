package io.milepost.waypoint.upstream;

import io.milepost.mesh.Cluster.Dns;
import io.milepost.mesh.IpAddress;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufHolder;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.dns.DefaultDnsQuestion;
import io.netty.handler.codec.dns.DnsRecord;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.handler.codec.dns.DnsResponseCode;
import io.netty.resolver.DefaultHostsFileEntriesResolver;
import io.netty.resolver.ResolvedAddressTypes;
import io.netty.resolver.dns.DnsErrorCauseException;
import io.netty.resolver.dns.DnsNameResolver;
import io.netty.resolver.dns.DnsNameResolverBuilder;
import io.netty.resolver.dns.DnsServerAddressStreamProvider;
import io.netty.resolver.dns.DnsServerAddressStreamProviders;
import io.netty.resolver.dns.NoopDnsCache;
import io.netty.resolver.dns.NoopDnsCnameCache;
import io.netty.resolver.dns.SequentialDnsServerAddressStreamProvider;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.net.IDN;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Names by DNS (UDP, TCP where an answer was cut), without blocking and without a cache of its own: callers respect the time
 * to live. The hosts file comes first.
 */
public final class DnsNames implements NameResolver {
    private static final long QUERY_TIMEOUT_MILLIS = 2_000;
    private static final long HOSTS_FILE_TTL_MILLIS = 60_000;

    private final EventLoop loop;
    private final DnsNameResolver resolver;
    private final DefaultHostsFileEntriesResolver hostsFile = new DefaultHostsFileEntriesResolver();

    private DnsNames(
            EventLoop loop,
            Class<? extends DatagramChannel> datagrams,
            Class<? extends SocketChannel> sockets,
            DnsServerAddressStreamProvider servers,
            long timeoutMillis) {
        this.loop = loop;
        this.resolver = new DnsNameResolverBuilder(loop)
                .datagramChannelType(datagrams)
                .socketChannelType(sockets)
                .nameServerProvider(servers)
                .queryTimeoutMillis(timeoutMillis)
                .resolveCache(NoopDnsCache.INSTANCE)
                .cnameCache(NoopDnsCnameCache.INSTANCE)
                .build();
    }

    /** With the servers that the machine uses. */
    public static DnsNames system(
            EventLoop loop, Class<? extends DatagramChannel> datagrams, Class<? extends SocketChannel> sockets) {
        return new DnsNames(
                loop, datagrams, sockets, DnsServerAddressStreamProviders.platformDefault(), QUERY_TIMEOUT_MILLIS);
    }

    /** With given servers. */
    static DnsNames of(
            EventLoop loop,
            Class<? extends DatagramChannel> datagrams,
            Class<? extends SocketChannel> sockets,
            List<InetSocketAddress> servers,
            long timeoutMillis) {
        return new DnsNames(
                loop, datagrams, sockets, new SequentialDnsServerAddressStreamProvider(servers), timeoutMillis);
    }

    @Override
    public void resolve(String name, Dns.Family family, Consumer<Answer> then) {
        String ascii;
        try {
            ascii = IDN.toASCII(name);
        } catch (IllegalArgumentException e) {
            then.accept(new Answer.Missing());
            return;
        }
        List<IpAddress> local = fromHostsFile(ascii, family);
        if (!local.isEmpty()) {
            then.accept(new Answer.Found(local, HOSTS_FILE_TTL_MILLIS));
            return;
        }
        if (loop.isShuttingDown()) {
            then.accept(new Answer.Failed("shutting down"));
            return;
        }
        loop.execute(() -> query(ascii, family, then));
    }

    private void query(String name, Dns.Family family, Consumer<Answer> then) {
        switch (family) {
            case V4_ONLY -> ask(name, DnsRecordType.A, then);
            case V6_ONLY -> ask(name, DnsRecordType.AAAA, then);
            case V4_PREFERRED ->
                ask(name, DnsRecordType.A, a -> {
                    if (a instanceof Answer.Missing) {
                        ask(name, DnsRecordType.AAAA, then);
                    } else {
                        then.accept(a);
                    }
                });
            case ALL -> ask(name, DnsRecordType.A, a -> ask(name, DnsRecordType.AAAA, b -> then.accept(both(a, b))));
        }
    }

    /** One family's addresses are enough; a failure counts only when the other has none. */
    static Answer both(Answer a, Answer b) {
        if (a instanceof Answer.Found f && b instanceof Answer.Found g) {
            List<IpAddress> all = new ArrayList<>(f.addresses());
            all.addAll(g.addresses());
            return new Answer.Found(all, Math.min(f.ttlMillis(), g.ttlMillis()));
        }
        if (a instanceof Answer.Found || b instanceof Answer.Found) {
            return a instanceof Answer.Found ? a : b;
        }
        return a instanceof Answer.Failed ? a : b;
    }

    private void ask(String name, DnsRecordType type, Consumer<Answer> then) {
        resolver.resolveAll(new DefaultDnsQuestion(name.endsWith(".") ? name : name + ".", type))
                .addListener((Future<List<DnsRecord>> f) ->
                        then.accept(f.isSuccess() ? found(f.getNow(), type) : failure(f.cause())));
    }

    private static Answer found(List<DnsRecord> records, DnsRecordType type) {
        List<IpAddress> out = new ArrayList<>(records.size());
        long ttl = Long.MAX_VALUE;
        for (DnsRecord r : records) {
            if (r.type().equals(type) && r instanceof ByteBufHolder h) {
                ByteBuf b = h.content();
                byte[] bytes = new byte[b.readableBytes()];
                b.getBytes(b.readerIndex(), bytes);
                if (bytes.length == 4 || bytes.length == 16) {
                    out.add(IpAddress.of(bytes));
                    ttl = Math.min(ttl, r.timeToLive());
                }
            }
            ReferenceCountUtil.release(r);
        }
        return out.isEmpty() ? new Answer.Missing() : new Answer.Found(out, ttl * 1_000);
    }

    /** That a name does not exist is an answer; a silent or broken server is none. */
    static Answer failure(Throwable cause) {
        for (Throwable t = cause; t != null; t = t.getCause()) {
            if (t instanceof DnsErrorCauseException e) {
                return DnsResponseCode.NXDOMAIN.equals(e.getCode())
                        ? new Answer.Missing()
                        : new Answer.Failed(String.valueOf(cause.getMessage()));
            }
            if (t.getCause() == null && t instanceof UnknownHostException) {
                return new Answer.Missing();
            }
        }
        return new Answer.Failed(String.valueOf(cause.getMessage()));
    }

    private List<IpAddress> fromHostsFile(String name, Dns.Family family) {
        ResolvedAddressTypes types = switch (family) {
            case V4_ONLY -> ResolvedAddressTypes.IPV4_ONLY;
            case V6_ONLY -> ResolvedAddressTypes.IPV6_ONLY;
            default -> ResolvedAddressTypes.IPV4_PREFERRED;
        };
        List<InetAddress> all = hostsFile.addresses(name, types);
        if (all == null) {
            return List.of();
        }
        List<IpAddress> out = new ArrayList<>(all.size());
        for (InetAddress a : all) {
            out.add(IpAddress.of(a));
        }
        return family == Dns.Family.V4_PREFERRED && out.size() > 1 ? preferV4(out) : out;
    }

    private static List<IpAddress> preferV4(List<IpAddress> all) {
        List<IpAddress> v4 = new ArrayList<>(all);
        v4.removeIf(IpAddress::v6);
        return v4.isEmpty() ? all : v4;
    }

    @Override
    public void close() {
        resolver.close();
    }
}
