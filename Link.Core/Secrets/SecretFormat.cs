namespace Link.Core.Secrets;

/// <summary>How new secrets are encrypted. Both are read, whatever this says.</summary>
internal enum SecretFormat
{
    /// <summary>Type <c>aes-256-gcm</c>, ours: authenticated, and bound to its place. LinK cannot read it.</summary>
    AesGcm,

    /// <summary>Type <c>aes-cfb-sha512</c>, for those who may go back to LinK 3.1 to 3.3.</summary>
    AesCfbSha512,
}
