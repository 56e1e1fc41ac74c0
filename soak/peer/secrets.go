package peer

import (
	"bytes"
	"errors"
	"maps"
)

// The files of what both sides know.
const (
	passwordFile = "password"
	obfsFile     = "obfs_password"
	uuidFile     = "uuid"
	certFile     = "certificate.pem"
	certKeyFile  = "certificate_key.pem"
	echFile      = "ech.pem"
)

// secrets are made anew for each setup.
type secrets struct {
	password, obfs, uuid string
	reality              realityKeys
	echConfig            string // ECHConfigList in base64
	files                Files
}

func newSecrets() (*secrets, error) {
	s := &secrets{password: text(), obfs: text(), uuid: uuid()}
	cert, certKey, err := certificate()
	ech, echConfig, echErr := echKeys()
	reality, realityErr := newRealityKeys()
	s.echConfig, s.reality = echConfig, reality
	s.files = Files{
		passwordFile: []byte(s.password), obfsFile: []byte(s.obfs), uuidFile: []byte(s.uuid),
		certFile: cert, certKeyFile: certKey, echFile: ech,
	}
	return s, errors.Join(err, echErr, realityErr)
}

// filesIn are the files that these texts name.
func (s *secrets) filesIn(texts ...[]byte) Files {
	files := maps.Clone(s.files)
	maps.DeleteFunc(files, func(name string, _ []byte) bool {
		for _, t := range texts {
			if bytes.Contains(t, []byte(":"+name+`"`)) || bytes.Contains(t, []byte(`"`+name+`"`)) {
				return false
			}
		}
		return true
	})
	return files
}
