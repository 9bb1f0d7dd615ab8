using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Link.Core.Files;
using Link.Core.Net;

namespace Link.Core.Plugins;

/// <summary>
/// The one way by which plugins make HTTP requests: no redirect is followed, no cookie kept, no proxy asked, the certificate is verified, and an answer has a
/// bound in size. For many requests at once; see OutboundHttp.Faults.cs for what is told when one fails.
/// </summary>
/// <remarks>Names are looked up again for each connection, and a connection lives two minutes at the most: a receiver that moved is found.</remarks>
internal sealed partial class OutboundHttp : IDisposable
{
    /// <summary>Bytes of a body that are read; the rest is not, and the connection is dropped.</summary>
    public const int MaxBody = 64 * 1024;

    private const int MaxHeadersKiB = 32;

    /// <summary>Addresses of a name that are tried; they share the time.</summary>
    private const int MaxAddresses = 4;

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(3);

    private readonly NameResolver _names;
    private readonly TimeProvider _time;
    private readonly X509Certificate2Collection? _roots;
    private readonly OutboundRules _rules;
    private readonly HttpMessageInvoker _invoker;

    /// <param name="roots">The only CAs to trust, as <see cref="ReadCa"/> gives them; null: the system's.</param>
    /// <param name="rules">Where connections may lead; null: as without WEBHOOK_ALLOW.</param>
    public OutboundHttp(NameResolver names, TimeProvider time, X509Certificate2Collection? roots = null, OutboundRules? rules = null)
    {
        _rules = rules ?? OutboundRules.Default;
        _names = names;
        _time = time;
        _roots = roots;
        _invoker = new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            ActivityHeadersPropagator = null,
            // Decompression is off unless it is set, and setting it to none would link a megabyte of decompressors.
            ConnectTimeout = ConnectTimeout,
            ConnectCallback = ConnectAsync,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(15),
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            MaxResponseHeadersLength = MaxHeadersKiB,
            MaxResponseDrainSize = 0,
            // Go sends header values as they are, and so did LinK.
            RequestHeaderEncodingSelector = static (_, _) => Encoding.UTF8,
            SslOptions = TlsOptions(),
        });
    }

    /// <summary>Reads CA certificates in PEM form.</summary>
    /// <param name="fault">Why it cannot be; null when it can.</param>
    public static X509Certificate2Collection? ReadCa(string pem, out string? fault)
    {
        var roots = new X509Certificate2Collection();
        try
        {
            roots.ImportFromPem(pem);
            fault = roots.Count == 0 ? "holds no certificate in PEM form" : null;
        }
        catch (CryptographicException broken)
        {
            fault = $"is no certificate in PEM form: {ForeignText.OneLine(broken.Message)}";
        }

        return fault == null ? roots : null;
    }

    /// <summary>Makes one request. Its answer may have any status: what a 404 means is the caller's to say.</summary>
    /// <param name="request">Not to be used again.</param>
    /// <param name="cancel">Carries the deadline; nothing goes on behind it.</param>
    /// <param name="needsBody">
    /// False: the status is what matters. An answer whose body breaks off or has not ended at the deadline is an answer all the same, with what came of it.
    /// </param>
    /// <exception cref="OutputException">
    /// There is no whole answer, whether for the network, TLS, or the deadline: one line that names host and port and what to do, and nothing of what was sent.
    /// </exception>
    public async Task<OutboundAnswer> SendAsync(HttpRequestMessage request, CancellationToken cancel, bool needsBody = true)
    {
        var to = request.RequestUri!;
        long sentAt = _time.GetTimestamp();
        bool answers = false;
        try
        {
            using HttpResponseMessage response = await _invoker.SendAsync(request, cancel).ConfigureAwait(false);
            answers = true;
            (ReadOnlyMemory<byte> body, bool isCut) = await ReadAsync(response, cancel, needsBody).ConfigureAwait(false);
            return new OutboundAnswer((int)response.StatusCode, RetryAfter(response), response.Content.Headers.ContentType?.MediaType, response.Headers.Location, body, isCut)
            {
                Date = response.Headers.Date,
            };
        }
        catch (Exception fault) when (fault is not OutputException)
        {
            string reason = cancel.IsCancellationRequested ? Late(answers, _time.GetElapsedTime(sentAt)) : Explain(fault);
            throw new OutputException($"{NameOf(to)} {reason}", inner: fault) { Answer = cancel.IsCancellationRequested ? null : Quote(fault) };
        }
    }

    public void Dispose() => _invoker.Dispose();

    /// <summary>host:port, without what else a URL may carry: a password, a token.</summary>
    public static string NameOf(Uri url) => string.Create(CultureInfo.InvariantCulture, $"{url.Host}:{url.Port}");

    private static async Task<(ReadOnlyMemory<byte> Body, bool IsCut)> ReadAsync(HttpResponseMessage response, CancellationToken cancel, bool isNeeded)
    {
        byte[] body = new byte[Math.Clamp(response.Content.Headers.ContentLength ?? 4096, 0, MaxBody)];
        int got = 0;
        try
        {
            Stream from = await response.Content.ReadAsStreamAsync(cancel).ConfigureAwait(false);
            var beyond = new byte[1];
            while (true)
            {
                // A last read finds the end, without which the connection would not be used again.
                Memory<byte> free = got < body.Length ? body.AsMemory(got) : beyond;
                int read = await from.ReadAsync(free, cancel).ConfigureAwait(false);
                if (read == 0)
                    return (body.AsMemory(0, got), false);
                if (got == MaxBody)
                    return (body.AsMemory(0, got), true);
                if (got == body.Length)
                {
                    Array.Resize(ref body, Math.Clamp(body.Length * 2, 4096, MaxBody));
                    body[got] = beyond[0];
                }

                got += read;
            }
        }
        catch (Exception) when (!isNeeded)
        {
            return (body.AsMemory(0, got), true);
        }
    }

    private TimeSpan? RetryAfter(HttpResponseMessage response)
    {
        TimeSpan? pause = response.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - _time.GetUtcNow(),
            _ => null,
        };
        return pause < TimeSpan.Zero ? TimeSpan.Zero : pause;
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancel)
    {
        IPAddress[] addresses = await _names.ResolveAsync(context.DnsEndPoint.Host, cancel).ConfigureAwait(false);
        if (addresses.Length == 0)
            throw new SocketException((int)SocketError.HostNotFound);
        int port = context.DnsEndPoint.Port;
        IPAddress[] open = Array.FindAll(addresses, address => _rules.Fault(address, port) == null);
        if (open.Length == 0)
            throw new OutboundRefusedException(_rules.Fault(addresses[0], port)!);
        int count = Math.Min(open.Length, MaxAddresses);
        for (int i = 0; ; i++)
        {
            // An address that swallows everything must not use up the time of the others.
            using var turn = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            turn.CancelAfter(ConnectTimeout / count);
            var socket = new Socket(open[i].AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(open[i], port, turn.Token).ConfigureAwait(false);
                await _rules.JudgeAsync((IPEndPoint)socket.LocalEndPoint!, (IPEndPoint)socket.RemoteEndPoint!, _names, turn.Token).ConfigureAwait(false);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (Exception fault)
            {
                socket.Dispose();
                if (cancel.IsCancellationRequested || i + 1 < count)
                {
                    cancel.ThrowIfCancellationRequested();
                    continue;
                }

                if (fault is OperationCanceledException)
                    throw new SocketException((int)SocketError.TimedOut);
                throw;
            }
        }
    }

    private SslClientAuthenticationOptions TlsOptions() => new()
    {
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        CertificateChainPolicy = PeerTrust.CreatePolicy(_roots),
        RemoteCertificateValidationCallback = Verify,
    };
}
