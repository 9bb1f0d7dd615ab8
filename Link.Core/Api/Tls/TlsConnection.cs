using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http.Features;

namespace Link.Core.Api.Tls;

/// <summary>The decrypted side of a connection, and what Kestrel asks to know that it is one.</summary>
internal sealed class TlsConnection(SslStream stream) : IDuplexPipe, ITlsConnectionFeature
{
    public PipeReader Input { get; } = PipeReader.Create(stream, new StreamPipeReaderOptions(leaveOpen: true));

    public PipeWriter Output { get; } = PipeWriter.Create(stream, new StreamPipeWriterOptions(leaveOpen: true));

    public X509Certificate2? ClientCertificate { get; set; } = stream.RemoteCertificate as X509Certificate2;

    public Task<X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken) => Task.FromResult(ClientCertificate);
}
