using Google.Protobuf;
using Link.Core.Etcd;

namespace Link.Core.Storage;

/// <summary>Secrets that one transaction writes, each only if nobody has written it since; one that fails does not hold up the others.</summary>
internal sealed class RotationBatch
{
    public const int MaxSecrets = 100;

    // etcd takes requests of 1.5 MiB.
    private const int MaxBytes = 1 << 20;

    private readonly List<SecretRotation> _rotations = [];
    private readonly List<RequestOp> _operations = [];
    private int _bytes;

    public IReadOnlyList<SecretRotation> Rotations => _rotations;

    /// <returns>False: the batch is full. The first one always fits.</returns>
    public bool TryAdd(SecretRotation rotation)
    {
        var value = rotation.New.Write();
        if (_rotations.Count == MaxSecrets || _rotations.Count > 0 && _bytes + value.Length > MaxBytes)
            return false;

        _rotations.Add(rotation);
        _bytes += value.Length;
        _operations.Add(Op.Nested(
            TxnBuilder.If(When.ModRevisionIs(rotation.Key, rotation.SeenRevision)).Then(Op.Put(rotation.Key, UnsafeByteOperations.UnsafeWrap(value)))));
        return true;
    }

    public TxnRequest ToTransaction() => TxnBuilder.If().Then([.. _operations]);

    /// <summary>Keys of those that somebody else has written or deleted since they were read. Plan anew.</summary>
    /// <param name="answer">etcd's, to <see cref="ToTransaction"/>.</param>
    public IReadOnlyList<string> Conflicts(TxnResponse answer)
    {
        var conflicts = new List<string>();
        for (var i = 0; i < _rotations.Count; i++)
        {
            if (!answer.Responses[i].ResponseTxn.Succeeded)
                conflicts.Add(_rotations[i].Key);
        }

        return conflicts;
    }
}
