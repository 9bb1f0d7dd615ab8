using System.Buffers;
using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Authentication;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace Link.Core.Api.Tls;

/// <summary>
/// Puts TLS between a connection and Kestrel's HTTP, whose own way needs a container of services. A connection that says nothing, something else or shows
/// no certificate where one is asked for is closed.
/// </summary>
internal sealed class TlsGuard(ServerCertificate certificate, TimeSpan handshakeDeadline)
{
    private const byte HandshakeRecord = 0x16;

    private static readonly byte[] s_plainAnswer = PlainAnswer();

    public ConnectionDelegate Guard(ConnectionDelegate next) => async connection =>
    {
        IDuplexPipe plain = connection.Transport;
        DuplexPipeStream wire = new(plain);
        SslStream tls = new(wire, leaveInnerStreamOpen: false);
        await using (tls)
        {
            if (!await HandshakeAsync(connection, tls))
            {
                return;
            }

            TlsConnection decrypted = new(tls);
            connection.Features.Set<ITlsConnectionFeature>(decrypted);
            connection.Transport = decrypted;
            try
            {
                await next(connection);
            }
            finally
            {
                await decrypted.Input.CompleteAsync();
                await decrypted.Output.CompleteAsync();
                connection.Transport = plain;
            }
        }
    };

    private async Task<bool> HandshakeAsync(ConnectionContext connection, SslStream tls)
    {
        using CancellationTokenSource deadline = CancellationTokenSource.CreateLinkedTokenSource(connection.ConnectionClosed);
        deadline.CancelAfter(handshakeDeadline);
        try
        {
            ReadResult first = await connection.Transport.Input.ReadAsync(deadline.Token);
            byte? kind = first.Buffer.IsEmpty ? null : first.Buffer.FirstSpan[0];
            if (kind is null or HandshakeRecord)
            {
                connection.Transport.Input.AdvanceTo(first.Buffer.Start);
                if (kind is null)
                {
                    return false;
                }

                await tls.AuthenticateAsServerAsync(certificate.CreateOptions(), deadline.Token);
                return true;
            }

            // What is left unread would reset the connection before the answer is read.
            connection.Transport.Input.AdvanceTo(first.Buffer.End);
            await connection.Transport.Output.WriteAsync(s_plainAnswer, deadline.Token);
            return false;
        }
        catch (Exception fault) when (fault is AuthenticationException or IOException or OperationCanceledException or ConnectionAbortedException)
        {
            return false;
        }
    }

    private static byte[] PlainAnswer()
    {
        ReadOnlyMemory<byte> body = ApiAnswer.Error(400, "this port speaks TLS: use https").Body;
        string head = $"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n";
        return [.. Encoding.ASCII.GetBytes(head), .. body.Span];
    }
}
